/**
 * The program that {@code ./spam4j} starts: {@link io.spam4j.examples.cli.Main} lists the commands.
 * A command itself stands beside its feature, and what commands share in {@code shell}; nothing
 * else belongs here.
 */
@NullMarked
package io.spam4j.examples.cli;

import org.jspecify.annotations.NullMarked;
