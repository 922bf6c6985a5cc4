package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import io.spam4j.engine.internal.decide.StepState;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GradientTransform.ZClip}: one factor on all gradients, of the history of their norm. */
final class ZClipLink extends TransformLink implements DeviceDecided {
  private static final double EPSILON = 1e-6;

  private final GradientTransform.ZClip config;
  private long norms;
  // While warming up: the mean so far, and the sum of squared distances from it (Welford).
  private double mean;
  private double variance;

  ZClipLink(GradientTransform.ZClip config, int tensors, boolean keepsNonFinite) {
    super(Kind.SCALE, /* measures= */ true, tensors, keepsNonFinite);
    this.config = config;
  }

  @Override
  void decide(StepState step, GradientStatistics in) {
    scaleAll(1);
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
      scaleAll(clipped / (norm + EPSILON));
    }
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
  public PlannedTransform.Scope scope() {
    return PlannedTransform.Scope.ALL;
  }

  @Override
  public void row(MemorySegment row, long t) {
    TransformRow.put(
        row, DeviceTables.ZCLIP, 0, config.threshold(), config.decay(), config.warmupSteps());
  }

  @Override
  List<String> historyNames() {
    return List.of("zclip_norms", "zclip_mean", "zclip_var");
  }

  @Override
  boolean isCount(String name) {
    return name.equals("zclip_norms");
  }

  @Override
  double most(String name) { // while warming up, a sum over so many norms
    return name.equals("zclip_var")
        ? LARGEST_NORM * LARGEST_NORM * Math.max(1, config.warmupSteps())
        : LARGEST_NORM;
  }

  @Override
  boolean isCommon() {
    return true;
  }

  @Override
  public double[] history(int tensor) {
    return new double[] {norms, mean, variance};
  }

  /** All tensors have the same history, but for those that start afresh. */
  @Override
  public void setHistory(int tensor, double[] history) {
    if (tensor > 0 && history[0] == 0) {
      return;
    }
    norms = (long) history[0];
    mean = history[1];
    variance = history[2];
  }
}
