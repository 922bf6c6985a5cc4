/**
 * {@code spam4j simulate}: what one gradient spike does to the moments of an optimizer, Figure 5 of
 * the SPAM paper, run with the engine over many seeds and held to closed forms. {@link
 * io.spam4j.examples.simulate.Simulation} runs the {@code Contender}s, {@code Findings} compares
 * with {@code Expectation}, and the command writes a table, a picture and a page. Runs on a model
 * belong to {@code training}.
 */
@NullMarked
package io.spam4j.examples.simulate;

import org.jspecify.annotations.NullMarked;
