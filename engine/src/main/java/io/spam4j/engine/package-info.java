/**
 * Optimizers over memory that belongs to the caller.
 *
 * <p>A builder ({@link io.spam4j.engine.Spam}, {@link io.spam4j.engine.AdamW}, {@link
 * io.spam4j.engine.Adam}) checks everything and makes an {@link io.spam4j.engine.Optimizer} for a
 * list of {@link io.spam4j.engine.Parameter}s. A step takes {@link io.spam4j.engine.Gradients} and
 * makes three moves: <em>decide</em> (Decision: step numbers to coefficients, in double),
 * <em>measure</em> (MeasurePass: one reduction over the gradients, only if something needs it),
 * <em>apply</em> (ApplyPass: the fused kernel over all tensors). It returns a {@link
 * io.spam4j.engine.StepReport}. Dependencies point one way: builders, FusedOptimizer, the three
 * moves, the kernel package, tensors.
 */
package io.spam4j.engine;
