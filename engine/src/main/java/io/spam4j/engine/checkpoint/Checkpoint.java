package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A checkpoint as a file holds it, for looking at it without an optimizer; {@link
 * io.spam4j.engine.Optimizer#load} continues from one. The file is mapped, not read: opening one of
 * any size takes no time.
 *
 * <p>A checkpoint is a safetensors file, which many programs read. docs/checkpoints.md describes
 * what is in it.
 */
public final class Checkpoint {
  private final Path file;
  private final CheckpointParser.Content content;

  private Checkpoint(Path file, CheckpointParser.Content content) {
    this.file = file;
    this.content = content;
  }

  /**
   * Opens a checkpoint and checks everything but the bytes of its tensors; see {@link #damaged}.
   *
   * @param arena how long the tensors live; meanwhile the file may be replaced, as {@link
   *     io.spam4j.engine.Optimizer#save} does, but must not be changed or shortened: they are the
   *     mapped file
   * @throws CheckpointFormatException if the file is no checkpoint, of an unknown version, or
   *     damaged
   * @throws io.spam4j.tensors.safetensors.SafetensorsFormatException if it is no safetensors file
   * @throws IOException if it cannot be read
   */
  public static Checkpoint open(Path file, Arena arena) throws IOException {
    return of(file, Safetensors.open(file, arena));
  }

  static Checkpoint of(Path file, Safetensors tensors) throws CheckpointFormatException {
    return new Checkpoint(file, new CheckpointParser(file, tensors).parse());
  }

  /** Where it was opened. */
  public Path file() {
    return file;
  }

  /** The version of the format, from 1. */
  public int formatVersion() {
    return content.version();
  }

  /** All of the run that was saved. */
  public TrainingState state() {
    return content.state();
  }

  /** The name of the algorithm, such as {@code spam}. */
  public String optimizer() {
    return state().optimizer();
  }

  /** The steps done. */
  public long steps() {
    return state().steps();
  }

  /** Consecutive steps, up to the last one, whose gradients were not all finite. */
  public long nonFiniteSteps() {
    return state().nonFiniteSteps();
  }

  /** What holds for all parameters, as text, such as {@code resetInterval} and {@code seed}. */
  public SequencedMap<String, String> settings() {
    return state().settings();
  }

  /** What was saved of each parameter, in the order of their names. */
  public SequencedMap<String, ParameterState> parameters() {
    return state().parameters();
  }

  /** The weights, by parameter; empty unless {@link SaveOptions#withWeights} saved them. */
  public SequencedMap<String, Tensor> weights() {
    return state().weights();
  }

  /** The caller's notes; see {@link SaveOptions#note}. */
  public SequencedMap<String, String> notes() {
    return content.notes();
  }

  /**
   * Reads all tensors and compares them with their checksums.
   *
   * @return the tensors whose bytes are not those that were saved; empty if all is well
   */
  public List<String> damaged() {
    List<String> damaged = new ArrayList<>();
    content
        .tensors()
        .forEach(
            (name, tensor) -> {
              if (!CheckpointFormat.crc(tensor).equals(content.crcs().get(name))) {
                damaged.add(name);
              }
            });
    return Collections.unmodifiableList(damaged);
  }

  /** Refuses a file whose tensors are damaged. */
  public void requireIntact() throws CheckpointFormatException {
    requireNone(damaged());
  }

  void requireNone(List<String> damaged) throws CheckpointFormatException {
    if (!damaged.isEmpty()) {
      throw CheckpointFormatException.of(
          file,
          "checkpoint bytes must have their checksums, take an older file",
          "tensors=" + damaged,
          null);
    }
  }

  /** All tensors, by name. */
  SequencedMap<String, Tensor> tensors() {
    return content.tensors();
  }

  /** Every tensor of the file with its checksum. */
  public Map<String, String> checksums() {
    return content.crcs();
  }
}
