package io.spam4j.engine;

/** How gradients are limited before the optimizer sees them. */
public sealed interface GradientClipping {
  /** Gradients as they are. */
  static GradientClipping none() {
    return None.INSTANCE;
  }

  /**
   * Scales all gradients of a step so that their common Euclidean norm is at most {@code maxNorm}:
   * by {@code min(1, maxNorm / (norm + 1e-6))}, as {@code torch.nn.utils.clip_grad_norm_} does.
   * Costs one more pass over the gradients.
   *
   * @param maxNorm positive and finite
   */
  static GradientClipping globalNorm(double maxNorm) {
    return new GlobalNorm(maxNorm);
  }

  /**
   * Limits each gradient coordinate to {@code [-limit, limit]}.
   *
   * @param limit positive and finite
   */
  static GradientClipping value(double limit) {
    return new Value(limit);
  }

  /** Gradients as they are. */
  enum None implements GradientClipping {
    /** The one instance. */
    INSTANCE
  }

  /**
   * See {@link GradientClipping#globalNorm}.
   *
   * @param maxNorm positive and finite
   */
  record GlobalNorm(double maxNorm) implements GradientClipping {
    /** Checks the limit. */
    public GlobalNorm {
      Checks.positive("maxNorm", maxNorm);
    }
  }

  /**
   * See {@link GradientClipping#value}.
   *
   * @param limit positive and finite
   */
  record Value(double limit) implements GradientClipping {
    /** Checks the limit. */
    public Value {
      Checks.positive("limit", limit);
    }
  }
}
