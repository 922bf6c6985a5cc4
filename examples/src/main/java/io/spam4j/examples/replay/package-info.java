/**
 * {@code spam4j replay}: recorded runs of other optimizers, driven through the engine. {@link
 * io.spam4j.examples.replay.Trace} reads a recording, {@link io.spam4j.examples.replay.Replay}
 * steps with its gradients and compares, {@link io.spam4j.examples.replay.ReplayCommand} prints.
 * Whatever records traces belongs elsewhere.
 */
@NullMarked
package io.spam4j.examples.replay;

import org.jspecify.annotations.NullMarked;
