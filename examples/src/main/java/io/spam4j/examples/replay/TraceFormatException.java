package io.spam4j.examples.replay;

import java.io.IOException;

/** A file is no trace of an optimizer. */
final class TraceFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  TraceFormatException(String message) {
    super(message);
  }
}
