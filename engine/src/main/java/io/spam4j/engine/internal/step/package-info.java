/**
 * An optimizer as a whole: what it is made of and what goes with what, the order of a step, what an
 * update rule is, who may use an optimizer when, refusals that need memory or gradients to be seen,
 * reports and telemetry, and going on from a checkpoint. What a rule computes is beside the rule:
 * in {@code internal.apply} or {@code optimizers}.
 */
package io.spam4j.engine.internal.step;
