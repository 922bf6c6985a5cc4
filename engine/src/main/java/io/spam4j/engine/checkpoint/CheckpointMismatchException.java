package io.spam4j.engine.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A checkpoint is sound but was saved by an optimizer of other parameters or settings. */
public final class CheckpointMismatchException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final ArrayList<String> differences;

  CheckpointMismatchException(Path file, List<String> differences) {
    super(
        "checkpoint must fit the optimizer, or LoadOptions must allow what differs: file=%s%s"
            .formatted(file, "\n  " + String.join("\n  ", differences)));
    this.differences = new ArrayList<>(differences);
  }

  /** Every difference, each with the option that allows it. */
  public List<String> differences() {
    return Collections.unmodifiableList(differences);
  }
}
