package io.spam4j.engine.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file is no checkpoint, is of an unknown version, or is damaged; the message says which. */
public final class CheckpointFormatException extends IOException {
  private static final long serialVersionUID = 1;
  private static final int LONGEST_FACTS = 500;

  CheckpointFormatException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /**
   * What is wrong with a file.
   *
   * @param facts shortened, since a hostile file may hold any
   */
  public static CheckpointFormatException of(
      Path file, String rule, String facts, @Nullable Throwable cause) {
    boolean isLong = facts.length() > LONGEST_FACTS;
    String shown = isLong ? facts.substring(0, LONGEST_FACTS) + "..." : facts;
    return new CheckpointFormatException(rule + ": file=" + file + ", " + shown, cause);
  }
}
