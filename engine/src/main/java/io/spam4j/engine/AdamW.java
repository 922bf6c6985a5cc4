package io.spam4j.engine;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), as torch.optim.AdamW:
 *
 * <pre>
 * w = (1 - lr * decay) w
 * m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 * w = w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
 * </pre>
 *
 * <p>It is SPAM's kernel with spike clipping and resets off, and gives the same bits.
 */
public final class AdamW {
  private AdamW() {}

  /**
   * A builder with torch.optim.AdamW's defaults: lr 1e-3, betas 0.9, 0.999, eps 1e-8, decay 0.01.
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds {@link AdamW}. */
  public static final class Builder extends OptimizerBuilder<Builder> {
    private Builder() {
      super(new Group(1e-8, 0.01, 0));
    }

    @Override
    Builder self() {
      return this;
    }

    @Override
    Recipe recipe(int threads) {
      return Adam.recipe("adamw", WeightDecayMode.BEFORE, nonFinite, clipping, threads);
    }
  }
}
