package io.spam4j.examples.bench.arms;

/** An arm needs something that this machine does not have; the message says what. */
public final class ArmUnavailableException extends Exception {
  private static final long serialVersionUID = 1;

  /** Says what is missing. */
  public ArmUnavailableException(String reason) {
    super(reason);
  }
}
