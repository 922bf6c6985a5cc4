/**
 * Runs: what a model must offer to be trained, the training itself, the file that a run becomes,
 * and the matrix of all runs that are wanted. What a run's numbers mean belongs to {@code
 * protocol}; which models there are, to {@code tasks}, or to whoever brings one.
 *
 * <p>{@link io.spam4j.examples.lab.runs.Task} is what a user implements. {@link
 * io.spam4j.examples.lab.runs.RunStore} is a folder with a file for each run that ended: it is
 * written in one step, never changed, and what is there is never run again.
 */
@NullMarked
package io.spam4j.examples.lab.runs;

import org.jspecify.annotations.NullMarked;
