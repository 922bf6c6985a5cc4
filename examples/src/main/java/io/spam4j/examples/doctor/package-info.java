/**
 * What this machine has and whether it computes right: {@code spam4j doctor} prints what was found
 * and how near a step comes to the speed of memory, {@code spam4j cuda-selftest} compares the GPU
 * with the CPU. Comparisons of several optimizers or libraries belong to {@code bench}.
 */
@NullMarked
package io.spam4j.examples.doctor;

import org.jspecify.annotations.NullMarked;
