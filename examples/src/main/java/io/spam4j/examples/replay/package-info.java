/**
 * Replays recorded runs of other optimizers through the engine: {@link
 * io.spam4j.examples.replay.Trace} reads a recording, {@link io.spam4j.examples.replay.Replay}
 * drives the engine with its gradients and compares, {@link
 * io.spam4j.examples.replay.ReplayCommand} prints.
 */
@NullMarked
package io.spam4j.examples.replay;

import org.jspecify.annotations.NullMarked;
