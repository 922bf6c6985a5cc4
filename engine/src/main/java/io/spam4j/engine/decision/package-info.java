/**
 * What an own optimizer of Adam's family is written with, also outside this module: a {@link
 * io.spam4j.engine.decision.Decision} changes the {@link
 * io.spam4j.engine.decision.UpdateCoefficients}, which are all that the fused update knows. Nothing
 * here decides anything; Adam's own decision is in {@code internal.decide}.
 */
package io.spam4j.engine.decision;
