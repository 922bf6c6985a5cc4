package io.spam4j.engine.optimizers;

import io.spam4j.engine.internal.decide.AdamSettings;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), as torch.optim.AdamW:
 *
 * <pre>
 * w = (1 - lr * decay) w
 * m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 * w = w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
 * </pre>
 *
 * <p>State: 8 bytes a weight, 12 with {@link Builder#amsgrad}. It is SPAM's kernel with spike
 * clipping and resets off, and gives the same bits.
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
  public static final class Builder extends MomentBuilder<Builder> {
    private Builder() {
      super(new AdamSettings("adamw"));
      weightDecay(0.01);
    }

    /**
     * Whether the update divides by the largest second moment so far (Reddi et al., arXiv
     * 1904.09237), which costs one more state tensor, {@code max_exp_avg_sq}; default false.
     */
    public Builder amsgrad(boolean amsgrad) {
      adam.amsgrad = amsgrad;
      return this;
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
