package io.spam4j.examples.cli;

/** An option's value is wrong in a way that only the command itself can tell. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  UsageException(String message) {
    super(message);
  }
}
