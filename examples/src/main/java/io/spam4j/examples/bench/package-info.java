/**
 * {@code ./spam4j bench}: steps of this engine, of plain loops and of libtorch, each against a loop
 * that moves the same bytes and computes nothing. {@link io.spam4j.examples.bench.Arms} is the
 * table of what is timed.
 */
@NullMarked
package io.spam4j.examples.bench;

import org.jspecify.annotations.NullMarked;
