package io.spam4j.engine.optimizers;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.baseline.LionRule;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.step.Algorithm;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Lion, evolved sign momentum (Chen et al., arXiv 2302.06675, Algorithm 2):
 *
 * <pre>
 * w = (1 - lr * decay) w
 * w = w - lr * sign(beta1 m + (1 - beta1) g)
 * m = beta2 m + (1 - beta2) g
 * </pre>
 *
 * <p>sign(0) is 0. Every weight moves by the learning rate, so that has to be 3 to 10 times smaller
 * than Adam's and weight decay as much larger (section 5 of the paper). Defaults are those of the
 * authors' code: lr 1e-4, betas 0.9, 0.99, decay 0. State: 4 bytes a weight, {@code exp_avg}.
 * Weights and gradients are F32 or BF16, each on its own.
 *
 * <p><b>Differences from the paper and from the authors' code.</b> The paper decays by the weight
 * as it was before the step, inside the update, which is the same but for rounding; the authors'
 * PyTorch code decays first, and so do we. Gradient coordinates that are NaN or Inf are skipped
 * ({@link NonFinitePolicy}), and a subnormal momentum becomes 0.
 */
public final class Lion {
  private Lion() {}

  /** A builder with the defaults: lr 1e-4, betas 0.9, 0.99, decay 0. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds {@link Lion}. */
  public static final class Builder extends ElementwiseBuilder<Builder> {
    private Builder() {
      super(new Group("lion", EnumSet.of(Hyperparameters.Setting.BETAS)));
      learningRate(1e-4);
      betas(0.9, 0.99);
    }

    /**
     * The decays of the momentum.
     *
     * @param beta1 for the direction of the step, in [0, 1); default 0.9
     * @param beta2 for the momentum that is kept, in [0, 1); default 0.99
     */
    public Builder betas(double beta1, double beta2) {
      defaults.betas(beta1, beta2);
      return this;
    }

    @Override
    Algorithm algorithm() {
      return algorithm(
          "lion",
          new LinkedHashMap<>(),
          (_, shape) -> {
            SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
            shapes.put(StateNames.FIRST, shape);
            return shapes;
          },
          LionRule::new);
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
