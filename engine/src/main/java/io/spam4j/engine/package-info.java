/**
 * What a training loop says and hears: parameters, gradients, schedules and transforms go in, an
 * {@link io.spam4j.engine.Optimizer} steps, a {@link io.spam4j.engine.StepReport} comes out. Only
 * types that users and the works both speak belong here; builders are in {@code optimizers}, what
 * they offer to choose from is in {@code options}, and what makes a step lies in {@code internal},
 * three rooms of which are the moves of every step: measure, decide, apply.
 */
package io.spam4j.engine;
