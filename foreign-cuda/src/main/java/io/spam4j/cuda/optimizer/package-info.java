/**
 * Optimizers on a device. {@link io.spam4j.cuda.optimizer.CudaOptimizer} does what an {@link
 * io.spam4j.engine.Optimizer} does on weights and gradients that are on the device, {@link
 * io.spam4j.cuda.optimizer.OffloadPipeline} on those of the host, a piece at a time; both give the
 * CPU's bits. The engine's {@link io.spam4j.engine.device.StepPlanner} decides, counts, draws,
 * reports and saves; what is here queues the kernels between what goes to the device before a step
 * and what comes back after it. The state itself is kept in {@code io.spam4j.cuda.internal.state},
 * and the arithmetic is in src/main/cuda.
 */
package io.spam4j.cuda.optimizer;
