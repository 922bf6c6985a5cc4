package io.spam4j.engine;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A file is no checkpoint, is of an unknown version, or is damaged; the message says which. */
public final class CheckpointFormatException extends IOException {
  private static final long serialVersionUID = 1;

  CheckpointFormatException(String message) {
    super(message);
  }

  CheckpointFormatException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
