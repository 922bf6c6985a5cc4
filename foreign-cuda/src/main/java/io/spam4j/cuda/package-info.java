/**
 * What this host has of CUDA: {@link io.spam4j.cuda.CudaDevice#availability()} loads the CUDA
 * runtime if it can and says what it found, or why not and what to do. Nothing is compiled, bundled
 * or downloaded; the runtime and the driver are the host's own.
 */
package io.spam4j.cuda;
