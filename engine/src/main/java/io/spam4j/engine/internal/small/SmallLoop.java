package io.spam4j.engine.internal.small;

import io.spam4j.engine.decision.UpdateCoefficients;

/** The vector update of whole tensors that have the same coefficients. */
interface SmallLoop {
  /**
   * Updates tensors and counts, and stops before the first one with something in it that the loop
   * does not do, which it leaves as it is.
   *
   * @param from the first tensor
   * @param end behind the last one; all between have gradients
   * @return where it stopped; {@code end} if it did them all
   */
  int run(SmallTensors tensors, int from, int end, UpdateCoefficients c);
}
