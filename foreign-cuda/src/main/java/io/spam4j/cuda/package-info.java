/**
 * NVIDIA GPUs, through the foreign function interface alone. {@link
 * io.spam4j.cuda.CudaDevice#availability()} loads the CUDA runtime if it can and says what it
 * found, or why not and what to do. {@link io.spam4j.cuda.CudaDevice#open} gives a device, and that
 * gives streams, events, memory, kernels and, with {@link io.spam4j.cuda.Blas}, linear algebra; all
 * of it belongs to one thread and is closed with the device at the latest. Each call is checked,
 * and a function is bound when it is first called. Nothing is bundled or downloaded; the runtime
 * and the driver are the host's own. {@link io.spam4j.cuda.CudaOptimizer} runs optimizers there,
 * and {@link io.spam4j.cuda.SelfTest} shows that they work on a host's GPU.
 */
package io.spam4j.cuda;
