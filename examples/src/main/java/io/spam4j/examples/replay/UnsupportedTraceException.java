package io.spam4j.examples.replay;

/** The engine cannot do what a trace recorded. */
final class UnsupportedTraceException extends Exception {
  private static final long serialVersionUID = 1L;

  UnsupportedTraceException(String message) {
    super(message);
  }
}
