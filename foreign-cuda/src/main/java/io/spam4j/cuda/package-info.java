/**
 * A device and what comes from it: {@link io.spam4j.cuda.CudaDevice#availability()} says whether
 * this host has CUDA, {@link io.spam4j.cuda.CudaDevice#open} gives a device, and that gives
 * streams, events, memory, kernels and, with {@link io.spam4j.cuda.Blas}, linear algebra. All of it
 * belongs to one thread, is checked at each call, and is closed with the device at the latest.
 * Nothing here knows of optimizers, which need no more than this public face, though the kernels
 * that they run are loaded here; how libraries are found and functions bound is in {@code
 * io.spam4j.cuda.internal}.
 */
package io.spam4j.cuda;
