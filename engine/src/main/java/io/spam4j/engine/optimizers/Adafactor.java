package io.spam4j.engine.optimizers;

import io.spam4j.engine.Schedule;
import io.spam4j.engine.internal.adafactor.AdafactorRule;
import io.spam4j.engine.internal.adafactor.AdafactorSettings;
import io.spam4j.engine.internal.adafactor.RelativeStep;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.step.Baseline;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Adafactor (Shazeer and Stern, arXiv 1804.04235, Algorithms 4 and 5), as the class of the Hugging
 * Face library: second moments of a matrix are the product of one mean a row and one a column, and
 * updates are limited in size.
 *
 * <pre>
 * beta2 = 1 - k^decayRate
 * matrix:  r = beta2 r + (1 - beta2) row means of (g^2 + eps1);  c likewise of columns
 *          u = g / sqrt(r / mean(r) * c)
 * vector:  v = beta2 v + (1 - beta2) (g^2 + eps1);  u = g / sqrt(v)
 * alpha = lr * max(eps2, rms(w)),  or lr if scaleParameter is off
 * u = alpha * u / max(1, rms(u) / d);  with beta1:  m = beta1 m + (1 - beta1) u,  u = m
 * w = w - alpha * decay * w;  w = w - u
 * </pre>
 *
 * <p>k counts the tensor's updates, d is {@link Builder#clipThreshold}. A tensor of more than two
 * dimensions is a batch of matrices of its last two. Unless a learning rate is set, lr is the
 * relative step min(1e-2, 1 / sqrt(k)). Defaults are those of the original: eps 1e-30, 1e-3, d 1,
 * decayRate -0.8, no beta1, decay 0, relative step, scaled by the weights.
 *
 * <p>State: 4 bytes for each row and column of a matrix ({@code exp_avg_sq_row}, {@code
 * exp_avg_sq_col}), 4 a weight of a vector or scalar ({@code exp_avg_sq}); 4 a weight more with
 * beta1 ({@code exp_avg}). Working memory: up to 0.13 bytes a weight of a large matrix. A step
 * reads the gradients of matrices three times.
 *
 * <p><b>Differences from the original.</b> Setting a learning rate turns the relative step off
 * where the original refuses it; a learning rate of a group does so for the group. Means and root
 * mean squares are computed in double. Gradient coordinates that are NaN or Inf are skipped ({@link
 * io.spam4j.engine.NonFinitePolicy}) and left out of all means; |g| is limited to 1e18, and state
 * that is subnormal becomes 0.
 */
public final class Adafactor {

  private Adafactor() {}

  /** A builder with the original's defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds {@link Adafactor}. */
  public static final class Builder extends OptimizerBuilder<Builder> {
    private double epsilon1 = 1e-30;
    private double epsilon2 = 1e-3;
    private double clipThreshold = 1;
    private double decayRate = -0.8;
    private double beta1;
    private boolean scaleParameter = true;
    private @Nullable Boolean relativeStep; // null: unless there is a learning rate
    private boolean warmupInit;
    private boolean hasLearningRate;

    private Builder() {
      super(new Group("adafactor", EnumSet.noneOf(Hyperparameters.Setting.class)));
      defaults.learningRate(new RelativeStep(false));
    }

    /** {@inheritDoc} Setting one turns the relative step off. */
    @Override
    public Builder learningRate(Schedule learningRate) {
      super.learningRate(learningRate);
      hasLearningRate = true;
      return this;
    }

    /**
     * Whether the learning rate is min(1e-2, 1 / sqrt(k)) at a tensor's k-th update; default true
     * unless a learning rate is set. Only one of the two can be.
     */
    public Builder relativeStep(boolean relativeStep) {
      this.relativeStep = relativeStep;
      return this;
    }

    /** Whether the relative step is min(1e-6 k, 1 / sqrt(k)) instead; default false. */
    public Builder warmupInit(boolean warmupInit) {
      this.warmupInit = warmupInit;
      if (!hasLearningRate) {
        defaults.learningRate(new RelativeStep(warmupInit));
      }
      return this;
    }

    /** Whether the learning rate is multiplied by the weights' root mean square; default true. */
    public Builder scaleParameter(boolean scaleParameter) {
      this.scaleParameter = scaleParameter;
      return this;
    }

    /**
     * The two small constants.
     *
     * @param epsilon1 added to squares of gradients; finite, not negative; default 1e-30
     * @param epsilon2 the least root mean square that weights are taken to have; finite, not
     *     negative; default 1e-3
     */
    public Builder epsilons(double epsilon1, double epsilon2) {
      this.epsilon1 = epsilon1;
      this.epsilon2 = epsilon2;
      return this;
    }

    /**
     * The largest root mean square of a tensor's update, before the learning rate.
     *
     * @param clipThreshold d, positive and finite; default 1
     */
    public Builder clipThreshold(double clipThreshold) {
      this.clipThreshold = clipThreshold;
      return this;
    }

    /**
     * How beta2 approaches 1.
     *
     * @param decayRate finite, not positive; default -0.8
     */
    public Builder decayRate(double decayRate) {
      this.decayRate = decayRate;
      return this;
    }

    /**
     * The decay of a first moment, of updates.
     *
     * @param beta1 in [0, 1); default 0: no first moment
     */
    public Builder beta1(double beta1) {
      this.beta1 = beta1;
      return this;
    }

    @Override
    Algorithm algorithm() {
      requireOneLearningRate();
      var settings =
          new AdafactorSettings(
              epsilon1, epsilon2, clipThreshold, decayRate, beta1, scaleParameter);
      return Baseline.ofFloats(
          "adafactor",
          settings.text(),
          (_, shape) -> shapes(settings, shape),
          parts -> new AdafactorRule(parts, settings),
          o -> AdafactorRule.scratchBytes(settings, o));
    }

    private void requireOneLearningRate() {
      boolean relative = relativeStep == null ? !hasLearningRate : relativeStep;
      if (relative && hasLearningRate) {
        throw new IllegalArgumentException(
            "relativeStep must be off where a learning rate is set, remove one: relativeStep=true");
      }
      if (!relative && !hasLearningRate) {
        throw new IllegalArgumentException(
            "a learning rate must be set where relativeStep is off: relativeStep=false");
      }
      if (warmupInit && !relative) {
        throw new IllegalArgumentException(
            "warmupInit needs relativeStep, remove it: warmupInit=true, relativeStep=false");
      }
    }

    @Override
    protected Builder self() {
      return this;
    }
  }

  private static SequencedMap<String, long[]> shapes(AdafactorSettings settings, long[] shape) {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    int rank = shape.length;
    if (rank < 2) {
      shapes.put(StateNames.SECOND, shape);
    } else {
      long[] columns = Arrays.copyOf(shape, rank - 1);
      columns[rank - 2] = shape[rank - 1];
      shapes.put(StateNames.ROWS, Arrays.copyOf(shape, rank - 1));
      shapes.put(StateNames.COLUMNS, columns);
    }
    if (settings.beta1() != 0) {
      shapes.put(StateNames.FIRST, shape);
    }
    return shapes;
  }
}
