package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.internal.decide.BetaSchedule;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.math.Correction;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** The transforms that treat each tensor by itself. */
public final class TensorLinks {
  private TensorLinks() {}

  /** Which steps a tensor's history counts, for its bias corrections. */
  public enum Counter {
    /** Those that it holds. */
    OWN,
    /** Those since the moments were last reset, as the Stable-SPAM authors' code does. */
    SHARED_WITH_MOMENTS;

    int flag() {
      return this == SHARED_WITH_MOMENTS ? TransformRow.SHARED_COUNTER : 0;
    }
  }

  /** {@link GradientTransform.Value}. */
  public static final class ValueLink extends TransformLink {
    public ValueLink(GradientTransform.Value config, int tensors, boolean keepsNonFinite) {
      super(Kind.LIMIT, /* measures= */ false, tensors, keepsNonFinite);
      for (int i = 0; i < tensors; i++) {
        op(i).limit = (float) config.limit();
      }
    }

    @Override
    void decide(StepState step, GradientStatistics in) {}
  }

  /** {@link GradientTransform.AdaClip}. */
  public static final class AdaClipLink extends TransformLink {
    private final double decay;
    private final Counter counter;
    private final double[] threshold;
    private final long[] counts;

    public AdaClipLink(
        GradientTransform.AdaClip config, Counter counter, int tensors, boolean keepsNonFinite) {
      super(Kind.CLIP, /* measures= */ true, tensors, keepsNonFinite);
      decay = config.decay();
      this.counter = counter;
      threshold = new double[tensors];
      counts = new long[tensors];
    }

    @Override
    void decide(StepState step, GradientStatistics in) {
      for (int i = 0; i < step.tensors(); i++) {
        if (!in.isKnown(i)) {
          continue;
        }
        counts[i]++;
        long count = counter == Counter.OWN ? counts[i] : step.updatesSinceReset(i);
        float largest = in.maxAbs(i);
        threshold[i] = decay * threshold[i] + (1 - decay) * largest;
        // Of one gradient the mean is that gradient: rounded to float it is the same again.
        float corrected = (float) (threshold[i] / Correction.of(decay, count));
        op(i).clipAbove = corrected;
        op(i).divisor = largest;
        op(i).to = corrected;
      }
    }

    @Override
    public void put(MemorySegment row, long t) {
      TransformRow.put(row, TransformRow.ADA_CLIP, counter.flag(), decay);
    }

    @Override
    void addScalars(int tensor, Map<String, Double> scalars) {
      scalars.put("m_max_t", threshold[tensor]);
      scalars.put("m_max_count", (double) counts[tensor]);
    }

    @Override
    boolean isCount(String scalar) {
      return scalar.equals("m_max_count");
    }

    @Override
    void restore(int tensor, Map<String, Double> scalars) {
      threshold[tensor] = get(scalars, "m_max_t");
      counts[tensor] = (long) get(scalars, "m_max_count");
    }
  }

  /** {@link GradientTransform.AdaGN}. */
  public static final class AdaGnLink extends TransformLink {
    private final GradientTransform.AdaGN config;
    private final Counter counter;
    private final BetaSchedule betas;
    private final double[] mean;
    private final double[] square;
    private final long[] counts;

    public AdaGnLink(
        GradientTransform.AdaGN config,
        Counter counter,
        BetaSchedule betas,
        int tensors,
        boolean keepsNonFinite) {
      super(Kind.SCALE, /* measures= */ true, tensors, keepsNonFinite);
      this.config = config;
      this.counter = counter;
      this.betas = betas;
      mean = new double[tensors];
      square = new double[tensors];
      counts = new long[tensors];
    }

    @Override
    void decide(StepState step, GradientStatistics in) {
      double meanDecay = config.meanDecay() * betas.scale(step.t());
      double squareDecay = config.squareDecay();
      for (int i = 0; i < step.tensors(); i++) {
        op(i).scale = 1;
        double norm = Math.sqrt(in.sumOfSquares(i));
        if (!in.isKnown(i) || (norm == 0 && !config.countsZeroNorms())) {
          continue;
        }
        counts[i]++;
        long count = counter == Counter.OWN ? counts[i] : step.updatesSinceReset(i);
        mean[i] = meanDecay * mean[i] + (1 - meanDecay) * norm;
        square[i] = squareDecay * square[i] + (1 - squareDecay) * norm * norm;
        double target =
            mean[i]
                / Correction.of(meanDecay, count)
                / (Math.sqrt(square[i] / Correction.of(squareDecay, count)) + config.epsilon());
        // A gradient of 0 stays 0; one so small that the factor is no float stays smaller than due.
        if (norm > 0) {
          op(i).scale = (float) Math.min(target / norm, Float.MAX_VALUE);
        }
      }
    }

    @Override
    public void put(MemorySegment row, long t) {
      int flags = counter.flag() | (config.countsZeroNorms() ? TransformRow.COUNTS_ZERO_NORMS : 0);
      double meanDecay = config.meanDecay() * betas.scale(t);
      TransformRow.put(
          row, TransformRow.ADA_GN, flags, meanDecay, config.squareDecay(), config.epsilon());
    }

    @Override
    void addScalars(int tensor, Map<String, Double> scalars) {
      scalars.put("m_norm_t", mean[tensor]);
      scalars.put("v_norm_t", square[tensor]);
      scalars.put("norm_count", (double) counts[tensor]);
    }

    @Override
    boolean isCount(String scalar) {
      return scalar.equals("norm_count");
    }

    @Override
    void restore(int tensor, Map<String, Double> scalars) {
      mean[tensor] = get(scalars, "m_norm_t");
      square[tensor] = get(scalars, "v_norm_t");
      counts[tensor] = (long) get(scalars, "norm_count");
    }
  }
}
