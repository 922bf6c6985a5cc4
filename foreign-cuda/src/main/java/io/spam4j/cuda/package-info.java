/**
 * NVIDIA GPUs, through the foreign function interface alone. {@link
 * io.spam4j.cuda.CudaDevice#availability()} loads the CUDA runtime if it can and says what it
 * found, or why not and what to do. {@link io.spam4j.cuda.CudaDevice#open} gives a device, and that
 * gives streams, events, memory, kernels and, with {@link io.spam4j.cuda.Blas}, linear algebra; all
 * of it belongs to one thread and is closed with the device at the latest. Each call is checked,
 * and a function is bound when it is first called. Nothing is bundled or downloaded; the runtime
 * and the driver are the host's own.
 *
 * <p>{@link io.spam4j.cuda.CudaOptimizer} does what an {@link io.spam4j.engine.Optimizer} does, on
 * weights and gradients ({@link io.spam4j.cuda.DeviceTensor}) that are on the device, and gives the
 * same bits. The engine's {@link io.spam4j.engine.device.StepPlanner} decides, counts, draws
 * selections, reports and saves; CudaRun does the rest. It keeps the state (Moments, of one
 * MomentBlock a parameter) and the tables that kernels read (StepMemory; TensorTable and ChunkTable
 * are filled on the host), and queues the kernels (Launches) between what goes to the device before
 * a step and what comes back after it (StepSlot, of which four may be under way). Selections go
 * through a pinned buffer (Staging), and moments that are kept through Remap. The kernels are in
 * src/main/cuda, whose README has their tables and rules.
 *
 * <p>{@link io.spam4j.cuda.OffloadPipeline} is the same for weights and gradients on the host:
 * OffloadWork streams them a piece at a time while the kernels run.
 *
 * <p>{@link io.spam4j.cuda.SelfTest} shows on a host's own GPU what the tests show on a stand-in:
 * Twins of one optimizer on both sides, and their Differences. It sees everything; nothing sees it.
 *
 * <p>Dependencies point one way: CudaOptimizer and OffloadPipeline, CudaRun, its parts, the objects
 * of a device (CudaStream, DeviceBuffer, Kernel, ...), DeviceContext and Handle, the bound
 * libraries (Cudart, CudaDriver, Cublas), NativeFunction.
 */
package io.spam4j.cuda;
