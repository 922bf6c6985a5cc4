package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.internal.decide.StepState;

/** {@link GradientTransform.Value}: the same limit at every step. */
final class ValueLink extends TransformLink {
  ValueLink(GradientTransform.Value config, int tensors, boolean keepsNonFinite) {
    super(Kind.LIMIT, /* measures= */ false, tensors, keepsNonFinite);
    for (int i = 0; i < tensors; i++) {
      op(i).limit = (float) config.limit();
    }
  }

  @Override
  void decide(StepState step, GradientStatistics in) {}
}
