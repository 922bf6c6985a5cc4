/**
 * What is timed: steps of this engine, of plain loops in Java and C and of libtorch, each with a
 * check of what it computes. {@link io.spam4j.examples.bench.arms.Arms} is the table. How it is
 * timed belongs to those who do: {@code spam4j bench} and the benchmarks on JMH.
 */
@NullMarked
package io.spam4j.examples.bench.arms;

import org.jspecify.annotations.NullMarked;
