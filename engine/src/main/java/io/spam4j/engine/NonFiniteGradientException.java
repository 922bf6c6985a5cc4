package io.spam4j.engine;

import java.util.List;

/**
 * A gradient holds NaN or Inf, and the policy is {@link NonFinitePolicy#THROW}; or gradients did so
 * in too many steps in a row, see {@link OptimizerBuilder#stopAfterNonFinite}.
 */
public final class NonFiniteGradientException extends ArithmeticException {
  private static final long serialVersionUID = 1L;

  NonFiniteGradientException(String message) {
    super(message);
  }

  static NonFiniteGradientException atStep(long step, long coordinates, List<String> parameters) {
    return new NonFiniteGradientException(
        "gradients must be finite: step=%d, coordinates=%d, parameters=%s"
            .formatted(step, coordinates, parameters));
  }

  static NonFiniteGradientException inARow(long steps, long last, List<String> parameters) {
    return new NonFiniteGradientException(
        "gradients must not stay non-finite; lower the learning rate, check the data, or build with"
            + " stopAfterNonFinite(0): steps in a row=%d, last step=%d, parameters=%s"
                .formatted(steps, last, parameters));
  }
}
