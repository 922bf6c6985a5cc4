package io.spam4j.engine;

/** A gradient holds NaN or Inf, and the policy is {@link NonFinitePolicy#THROW}. */
public final class NonFiniteGradientException extends ArithmeticException {
  private static final long serialVersionUID = 1L;

  NonFiniteGradientException(String message) {
    super(message);
  }
}
