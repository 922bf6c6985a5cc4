/**
 * The command line that {@code ./spam4j} starts: {@link io.spam4j.examples.cli.Main} holds the
 * commands.
 */
@NullMarked
package io.spam4j.examples.cli;

import org.jspecify.annotations.NullMarked;
