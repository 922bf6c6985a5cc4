/**
 * Optimizers over memory that belongs to the caller.
 *
 * <p>A builder ({@link io.spam4j.engine.Spam}, {@link io.spam4j.engine.StableSpam}, {@link
 * io.spam4j.engine.AdamW}, ...) checks everything and makes an {@link io.spam4j.engine.Optimizer}
 * for a list of {@link io.spam4j.engine.Parameter}s. A step takes {@link
 * io.spam4j.engine.Gradients} and returns a {@link io.spam4j.engine.StepReport}. In between it
 * makes three moves: <em>measure</em> (MeasurePass: one reduction over the gradients, only if
 * something needs it), <em>decide</em> (TransformChain: what {@link
 * io.spam4j.engine.GradientTransform}s do to each gradient; Decision: step numbers to coefficients,
 * in double), <em>apply</em> (the kernels, over all tensors at once).
 *
 * <p>EngineOptimizer is what all optimizers share, its Stepper does the steps; what differs is an
 * UpdateRule. FusedRule serves Adam's family: Adam, AdamW, SPAM and Stable-SPAM are one kernel,
 * told apart by their Decision and by the transforms in front. SparseMoments feeds it blocks of
 * selected weights where only some have moments; StoredWeights and StoredMoments decode what is no
 * float32 into Staging and encode it again. An optimizer of that family that only decides otherwise
 * is one file: a builder with a Decision of its own. Other rules (Lion, SGD, Adafactor, Adam-mini)
 * are one file and one kernel each.
 *
 * <p>After each step Telemetry tells flight recordings (FlightEvents, the only class that names
 * jdk.jfr) and {@link io.spam4j.engine.StepListener}s, such as a {@link
 * io.spam4j.engine.SpikeJournal}, what the report says.
 *
 * <p>A {@link io.spam4j.engine.Checkpoint} is what a file holds. To save, EngineOptimizer makes a
 * TrainingState, which CheckpointWriter writes. To load, CheckpointParser reads, CheckpointMatch
 * compares with a TrainingState, and Restoration fills state, first preparing all that can fail.
 *
 * <p>Dependencies point one way: builders, EngineOptimizer, Stepper, TransformChain and the rules,
 * their parts (Decision, SparseMoments, MeasurePass, StateStore), the kernel package, tensors.
 * Telemetry hangs on Stepper alone and sees nothing but StepReport and MeasurePass.
 */
package io.spam4j.engine;
