package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.internal.decide.StepState;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** The transforms that scale all gradients by one factor, made of their common norm. */
public final class NormLinks {
  private static final double EPSILON = 1e-6;

  private NormLinks() {}

  /** A link that looks at all gradients together. */
  public abstract static class OfAll extends TransformLink {
    OfAll(int tensors, boolean keepsNonFinite) {
      super(Kind.SCALE, /* measures= */ true, tensors, keepsNonFinite);
    }
  }

  /** {@link GradientTransform.GlobalNorm}. */
  public static final class GlobalNormLink extends OfAll {
    private final double maxNorm;

    public GlobalNormLink(
        GradientTransform.GlobalNorm config, int tensors, boolean keepsNonFinite) {
      super(tensors, keepsNonFinite);
      maxNorm = config.maxNorm();
    }

    @Override
    void decide(StepState step, GradientStatistics in) {
      scaleAll(this, step, Math.min(1, maxNorm / (Math.sqrt(in.totalSumOfSquares()) + EPSILON)));
    }

    @Override
    public void put(MemorySegment row, long t) {
      TransformRow.put(row, TransformRow.GLOBAL_NORM, 0, maxNorm);
    }
  }

  /** {@link GradientTransform.ZClip}. */
  public static final class ZClipLink extends OfAll {
    private final GradientTransform.ZClip config;
    private long norms;
    // While warming up: the mean so far, and the sum of squared distances from it (Welford).
    private double mean;
    private double variance;

    public ZClipLink(GradientTransform.ZClip config, int tensors, boolean keepsNonFinite) {
      super(tensors, keepsNonFinite);
      this.config = config;
    }

    @Override
    void decide(StepState step, GradientStatistics in) {
      scaleAll(this, step, 1);
      if (!isAnyKnown(step, in)) {
        return;
      }
      double norm = Math.sqrt(in.totalSumOfSquares());
      norms++;
      if (norms <= config.warmupSteps()) {
        double distance = norm - mean;
        mean += distance / norms;
        variance += distance * (norm - mean);
        if (norms == config.warmupSteps()) {
          variance /= norms;
        }
        return;
      }
      double deviation = Math.sqrt(variance);
      double z = (norm - mean) / (deviation + EPSILON);
      double clipped =
          z > config.threshold()
              ? mean + config.threshold() / z * config.threshold() * deviation
              : norm;
      mean = config.decay() * mean + (1 - config.decay()) * clipped;
      double distance = clipped - mean;
      variance = config.decay() * variance + (1 - config.decay()) * distance * distance;
      if (clipped < norm) {
        scaleAll(this, step, clipped / (norm + EPSILON));
      }
    }

    @Override
    public void put(MemorySegment row, long t) {
      TransformRow.put(
          row, TransformRow.ZCLIP, 0, config.threshold(), config.decay(), config.warmupSteps());
    }

    private static boolean isAnyKnown(StepState step, GradientStatistics in) {
      for (int i = 0; i < step.tensors(); i++) {
        if (in.isKnown(i)) {
          return true;
        }
      }
      return false;
    }

    @Override
    void addScalars(int tensor, Map<String, Double> scalars) {
      scalars.put("zclip_norms", (double) norms);
      scalars.put("zclip_mean", mean);
      scalars.put("zclip_var", variance);
    }

    @Override
    boolean isCount(String scalar) {
      return scalar.equals("zclip_norms");
    }

    @Override
    boolean isCommon() {
      return true;
    }

    /** All tensors have the same history, but for those that start afresh. */
    @Override
    void restore(int tensor, Map<String, Double> scalars) {
      if (tensor > 0 && get(scalars, "zclip_norms") == 0) {
        return;
      }
      norms = (long) get(scalars, "zclip_norms");
      mean = get(scalars, "zclip_mean");
      variance = get(scalars, "zclip_var");
    }
  }

  private static void scaleAll(TransformLink link, StepState step, double scale) {
    for (int i = 0; i < step.tensors(); i++) {
      link.op(i).scale = (float) scale;
    }
  }
}
