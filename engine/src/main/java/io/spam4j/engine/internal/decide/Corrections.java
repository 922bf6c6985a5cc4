package io.spam4j.engine.internal.decide;

import io.spam4j.engine.internal.math.Correction;

/**
 * The bias corrections of the latest tensor that a thread decided: most tensors of a step share
 * them.
 */
public final class Corrections {
  private long count = -1;
  private double beta1;
  private double beta2;

  /** 1 - beta1^k of the k gradients that count. */
  double first;

  /** The same of beta2. */
  double second;

  void set(long ofCount, double ofBeta1, double ofBeta2) {
    if (ofCount == count && ofBeta1 == beta1 && ofBeta2 == beta2) {
      return;
    }
    count = ofCount;
    beta1 = ofBeta1;
    beta2 = ofBeta2;
    first = Correction.of(beta1, count);
    second = Correction.of(beta2, count);
  }
}
