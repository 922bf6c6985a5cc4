package io.spam4j.examples.shell;

/** An option's value is wrong in a way that only the command itself can tell. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public UsageException(String message) {
    super(message);
  }
}
