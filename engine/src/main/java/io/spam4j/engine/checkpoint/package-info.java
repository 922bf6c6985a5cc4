/**
 * Files that hold an optimizer, and the state they hold, both ways: {@link
 * io.spam4j.engine.checkpoint.TrainingState} is all that a run depends on, a writer makes a
 * safetensors file of it, a parser reads one as a {@link io.spam4j.engine.checkpoint.Checkpoint}
 * and refuses what no optimizer has written, and a match compares it with the optimizer that is to
 * go on from it. It knows names, shapes and bytes; how an optimizer takes them over is not its
 * business. docs/checkpoints.md has the format.
 */
package io.spam4j.engine.checkpoint;
