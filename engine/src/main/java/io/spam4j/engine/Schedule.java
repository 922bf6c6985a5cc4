package io.spam4j.engine;

import io.spam4j.engine.internal.math.Cosine;
import io.spam4j.engine.internal.math.Ranges;

/** A learning rate that depends on the step alone, so that a resumed run finds it again. */
@FunctionalInterface
public interface Schedule {
  /**
   * The learning rate of a step. A save asks for that of the step to come, also after the last one.
   *
   * @param step counted from 0
   * @return not negative, and so that a float can hold it, also divided by 1 - beta1 and multiplied
   *     by the weight decay: a step refuses what is not
   */
  double at(long step);

  /**
   * The same learning rate at every step.
   *
   * @param learningRate not negative, and no more than a float can be
   */
  static Schedule constant(double learningRate) {
    Ranges.floatNotNegative("learningRate", learningRate);
    return _ -> learningRate;
  }

  /**
   * Rises linearly from 0 at step 0 to {@code peak} at step {@code warmupSteps}, then falls along
   * half a cosine to {@code finalFraction * peak} at step {@code totalSteps}, and stays there. The
   * schedule of the SPAM paper's runs (warm-up 1000, fraction 0.1), whose first step has a learning
   * rate of 0.
   *
   * @param peak not negative, and no more than a float can be
   * @param warmupSteps 0 or more
   * @param totalSteps more than {@code warmupSteps}
   * @param finalFraction in [0, 1]
   */
  static Schedule warmupCosine(
      double peak, long warmupSteps, long totalSteps, double finalFraction) {
    Ranges.floatNotNegative("peak", peak);
    Ranges.notNegative("warmupSteps", warmupSteps);
    Ranges.fraction("finalFraction", finalFraction);
    if (totalSteps <= warmupSteps) {
      throw new IllegalArgumentException(
          "totalSteps must exceed warmupSteps: totalSteps=%d, warmupSteps=%d"
              .formatted(totalSteps, warmupSteps));
    }
    return step -> {
      if (step < warmupSteps) {
        return peak * step / warmupSteps;
      }
      double progress = Math.min(1.0, (step - warmupSteps) / (double) (totalSteps - warmupSteps));
      double cosine = 0.5 * (1 + Cosine.cos(progress));
      return peak * (finalFraction + (1 - finalFraction) * cosine);
    };
  }
}
