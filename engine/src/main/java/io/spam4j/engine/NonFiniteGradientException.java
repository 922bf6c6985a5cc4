package io.spam4j.engine;

/**
 * A gradient holds NaN or Inf, and the policy is {@link NonFinitePolicy#THROW}; or gradients did so
 * in too many steps in a row, see {@link
 * io.spam4j.engine.optimizers.OptimizerBuilder#stopAfterNonFinite}.
 */
public final class NonFiniteGradientException extends ArithmeticException {
  private static final long serialVersionUID = 1L;

  /**
   * An exception with this message.
   *
   * @param message which rule, which step and parameters, what to do
   */
  public NonFiniteGradientException(String message) {
    super(message);
  }
}
