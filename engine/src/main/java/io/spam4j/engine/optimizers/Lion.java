package io.spam4j.engine.optimizers;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.step.Baseline;
import io.spam4j.engine.internal.step.ElementwiseRule;
import io.spam4j.engine.internal.step.PlainRule;
import io.spam4j.engine.internal.step.RuleParts;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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
 *
 * <p><b>Differences from the paper and from the authors' code.</b> The paper decays by the weight
 * as it was before the step, inside the update, which is the same but for rounding; the authors'
 * PyTorch code decays first, and so do we. Gradient coordinates that are NaN or Inf are skipped
 * ({@link NonFinitePolicy}), and a subnormal momentum becomes 0.
 */
public final class Lion {
  private static final String MOMENTUM = "exp_avg";

  private Lion() {}

  /** A builder with the defaults: lr 1e-4, betas 0.9, 0.99, decay 0. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds {@link Lion}. */
  public static final class Builder extends OptimizerBuilder<Builder> {
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
      return new Baseline(
          "lion",
          new LinkedHashMap<>(),
          (_, shape) -> {
            SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
            shapes.put(MOMENTUM, shape);
            return shapes;
          },
          Rule::new,
          o -> PlainRule.copyBytes(o.transforms(), o.threads()));
    }

    @Override
    protected Builder self() {
      return this;
    }
  }

  private static final class Rule extends ElementwiseRule {
    private final LionCoefficients[] coefficients; // of each tensor
    private final MemorySegment[] momentum;

    Rule(RuleParts parts) {
      super(parts);
      coefficients = new LionCoefficients[parts.parameters().size()];
      momentum = new MemorySegment[coefficients.length];
      Arrays.setAll(momentum, i -> memory(i, MOMENTUM));
      Arrays.setAll(coefficients, i -> coefficients(parts.hyperparameters().get(i)));
    }

    private LionCoefficients coefficients(Hyperparameters h) {
      var c = new LionCoefficients();
      c.skipsNonFinite = parts.keepsNonFinite();
      c.beta1 = (float) h.beta1();
      c.oneMinusBeta1 = (float) (1 - h.beta1());
      c.beta2 = (float) h.beta2();
      c.oneMinusBeta2 = (float) (1 - h.beta2());
      return c;
    }

    @Override
    protected void decide(int tensor, StepState step) {
      double learningRate = step.learningRates[tensor];
      double decay = parts.hyperparameters().get(tensor).weightDecay();
      coefficients[tensor].stepSize = (float) learningRate;
      coefficients[tensor].decayBefore = (float) (1 - learningRate * decay);
    }

    @Override
    protected void apply(
        int tensor, MemorySegment gradient, long shift, long from, long to, UpdateTally tally) {
      LionUpdate.apply(
          weights(tensor),
          momentum[tensor],
          gradient,
          shift,
          from,
          to,
          coefficients[tensor],
          tally);
    }
  }
}
