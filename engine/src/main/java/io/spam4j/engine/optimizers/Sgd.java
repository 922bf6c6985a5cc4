package io.spam4j.engine.optimizers;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.math.Ranges;
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
import org.jspecify.annotations.Nullable;

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
 * - lr * g.
 *
 * <p><b>Differences from torch.optim.SGD.</b> The momentum is 0.9 by default, not 0; the other
 * defaults are the same: lr 1e-3, dampening 0, no Nesterov, decay 0. A coordinate that is NaN or
 * Inf is skipped ({@link NonFinitePolicy}); if that is its first gradient, its buffer starts from 0
 * at the next. A subnormal buffer becomes 0. |g| is limited to 1e18, and counted: a sum of larger
 * ones is no float any more.
 */
public final class Sgd {
  private static final String BUFFER = "momentum_buffer";

  private Sgd() {}

  /** A builder with the defaults: lr 1e-3, momentum 0.9, decay 0. */
  public static Builder builder() {
    return new Builder();
  }

  private record Settings(double momentum, double dampening, boolean nesterov) {
    Settings {
      Ranges.decay("momentum", momentum);
      Ranges.fraction("dampening", dampening);
      if (nesterov && (momentum == 0 || dampening != 0)) {
        throw new IllegalArgumentException(
            "nesterov needs momentum and no dampening: momentum=%s, dampening=%s"
                .formatted(momentum, dampening));
      }
    }

    SequencedMap<String, String> text() {
      SequencedMap<String, String> text = new LinkedHashMap<>();
      text.put("momentum", Double.toString(momentum));
      text.put("dampening", Double.toString(dampening));
      text.put("nesterov", Boolean.toString(nesterov));
      return text;
    }
  }

  /** Builds {@link Sgd}. */
  public static final class Builder extends OptimizerBuilder<Builder> {
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
      var settings = new Settings(momentum, dampening, nesterov);
      return new Baseline(
          "sgd",
          settings.text(),
          (_, shape) -> {
            SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
            if (settings.momentum() != 0) {
              shapes.put(BUFFER, shape);
            }
            return shapes;
          },
          parts -> new Rule(parts, settings),
          o -> PlainRule.copyBytes(o.transforms(), o.threads()));
    }

    @Override
    protected Builder self() {
      return this;
    }
  }

  private static final class Rule extends ElementwiseRule {
    private final SgdCoefficients[] coefficients; // of each tensor
    private final @Nullable MemorySegment[] buffers;

    Rule(RuleParts parts, Settings settings) {
      super(parts);
      coefficients = new SgdCoefficients[parts.parameters().size()];
      buffers = new MemorySegment[coefficients.length];
      Arrays.setAll(buffers, i -> settings.momentum() == 0 ? null : memory(i, BUFFER));
      Arrays.setAll(coefficients, i -> coefficients(settings, parts.hyperparameters().get(i)));
    }

    private SgdCoefficients coefficients(Settings settings, Hyperparameters h) {
      var c = new SgdCoefficients();
      c.skipsNonFinite = parts.keepsNonFinite();
      c.coupledDecay = (float) h.weightDecay();
      c.momentum = (float) settings.momentum();
      c.oneMinusDampening = (float) (1 - settings.dampening());
      c.nesterov = settings.nesterov();
      return c;
    }

    @Override
    protected void decide(int tensor, StepState step) {
      coefficients[tensor].stepSize = (float) step.learningRates[tensor];
      coefficients[tensor].startsBuffer = step.updates(tensor) == 1;
    }

    @Override
    protected void apply(
        int tensor, MemorySegment gradient, long shift, long from, long to, UpdateTally tally) {
      SgdUpdate.apply(
          weights(tensor), buffers[tensor], gradient, shift, from, to, coefficients[tensor], tally);
    }
  }
}
