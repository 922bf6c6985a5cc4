/**
 * The loops. The one fused pass that Adam's family shares is there twice: {@link
 * io.spam4j.engine.kernel.UpdateScalar} is the specification, {@link
 * io.spam4j.engine.kernel.UpdateVector} gives the same bits by vectors, also of weights, gradients
 * and moments in other formats, and {@link io.spam4j.engine.kernel.UpdateHalves} where all are
 * bfloat16. {@link io.spam4j.engine.kernel.UpdateLoops} makes a copy of these for each {@link
 * io.spam4j.engine.kernel.UpdateForm}. All know nothing but {@link
 * io.spam4j.engine.kernel.UpdateCoefficients} and {@link io.spam4j.engine.kernel.Operands}; which
 * path float32 takes is decided once, in {@link io.spam4j.engine.kernel.Update}. {@link
 * io.spam4j.engine.kernel.LargestRatio} spares them what is unusual in small tensors. What only
 * ablations and baselines need is plain loops: over several segments outside the heap the compiler
 * of JDK 25 makes no vectors of them, and they take two to four times as long a weight. {@link
 * io.spam4j.engine.kernel.WorkerPool}, {@link io.spam4j.engine.kernel.WorkPlan} and {@link
 * io.spam4j.engine.kernel.PlannedJob} divide the work. Not exported.
 */
package io.spam4j.engine.kernel;
