/**
 * {@code spam4j bench}: times arms in turn, each against a loop that moves the same bytes and
 * computes nothing, and prints ratios. What is timed is in {@code bench.arms}, which knows nothing
 * of clocks, rounds and reports.
 */
@NullMarked
package io.spam4j.examples.bench;

import org.jspecify.annotations.NullMarked;
