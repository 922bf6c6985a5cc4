package io.spam4j.engine.optimizers;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.baseline.SgdRule;
import io.spam4j.engine.internal.baseline.SgdSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.step.Algorithm;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Stochastic gradient descent with momentum (Polyak, USSR Computational Mathematics 4(5), 1964;
 * Sutskever et al., ICML 2013), as torch.optim.SGD:
 *
 * <pre>
 * g = g + decay * w
 * b = g at a parameter's first gradient, then b = momentum * b + (1 - dampening) g
 * w = w - lr * b,  or with Nesterov's momentum  w = w - lr * (g + momentum * b)
 * </pre>
 *
 * <p>State: 4 bytes a weight, {@code momentum_buffer}; none where the momentum is 0, and then w = w
 * - lr * g. Weights and gradients are F32 or BF16, each on its own.
 *
 * <p><b>Differences from torch.optim.SGD.</b> The momentum is 0.9 by default, not 0; the other
 * defaults are the same: lr 1e-3, dampening 0, no Nesterov, decay 0. A coordinate that is NaN or
 * Inf is skipped ({@link NonFinitePolicy}); if that is its first gradient, its buffer starts from 0
 * at the next. A subnormal buffer becomes 0. |g| is limited to 1e18, and counted: a sum of larger
 * ones is no float any more.
 */
public final class Sgd {
  private Sgd() {}

  /** A builder with the defaults: lr 1e-3, momentum 0.9, decay 0. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds {@link Sgd}. */
  public static final class Builder extends ElementwiseBuilder<Builder> {
    private double momentum = 0.9;
    private double dampening;
    private boolean nesterov;

    private Builder() {
      super(new Group("sgd", EnumSet.noneOf(Hyperparameters.Setting.class)));
    }

    /**
     * The share of the momentum buffer that stays.
     *
     * @param momentum in [0, 1); default 0.9; 0 for plain descent
     */
    public Builder momentum(double momentum) {
      this.momentum = momentum;
      return this;
    }

    /**
     * The share of each gradient but the first that does not enter the buffer.
     *
     * @param dampening in [0, 1]; default 0
     */
    public Builder dampening(double dampening) {
      this.dampening = dampening;
      return this;
    }

    /** Whether the momentum is Nesterov's; default false. Needs momentum and no dampening. */
    public Builder nesterov(boolean nesterov) {
      this.nesterov = nesterov;
      return this;
    }

    @Override
    Algorithm algorithm() {
      var settings = new SgdSettings(momentum, dampening, nesterov);
      return algorithm(
          "sgd",
          settings.text(),
          (_, shape) -> {
            SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
            if (settings.hasBuffer()) {
              shapes.put(SgdSettings.BUFFER, shape);
            }
            return shapes;
          },
          (parts, rounding, seed) -> new SgdRule(parts, settings, rounding, seed));
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
