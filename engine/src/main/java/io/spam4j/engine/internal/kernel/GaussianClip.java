package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/**
 * Brings gradients that are more than three standard deviations from their running mean to that
 * distance (SPAM, arXiv 2501.06842, Appendix J), before {@link FusedUpdate} sees them.
 */
public final class GaussianClip {
  static final float DEVIATIONS = 3;

  private static final Readiness READINESS =
      new Readiness("gaussian clip", GaussianClip::exercise, 10_000);

  private GaussianClip() {}

  private static Runnable exercise() {
    MemorySegment gradient = WarmLoop.floats(0x1p-5f);
    MemorySegment mean = WarmLoop.floats(0x1p-5f);
    MemorySegment variance = WarmLoop.floats(1);
    UpdateCoefficients atFirst = WarmLoop.coefficients(Settings.ANY);
    UpdateCoefficients later = WarmLoop.coefficients(Settings.ANY);
    later.meanCorrection = 1;
    later.varianceCorrection = 1;
    UpdateCoefficients clipping = WarmLoop.coefficients(Settings.ANY);
    clipping.meanCorrection = 1;
    clipping.varianceCorrection = 1;
    clipping.clipsDeviations = true;
    clipping.skipsNonFinite = false;
    var tally = new UpdateTally();
    return () -> {
      int n = Readiness.ELEMENTS / 4;
      GaussianClipVector.apply(gradient, mean, variance, 0, n, atFirst, tally);
      GaussianClipVector.apply(gradient, mean, variance, 0, n, later, tally);
      GaussianClipVector.apply(gradient, mean, variance, 0, n, clipping, tally);
    };
  }

  /**
   * Clips a copy of the gradient in place and adds it to the means, of the elements {@code [from,
   * to)}; float 0 of the gradient is element {@code from}.
   *
   * @param mean running mean of the gradients, not corrected
   * @param variance running mean of the squared distances from it, not corrected
   */
  public static void apply(
      MemorySegment gradient,
      MemorySegment mean,
      MemorySegment variance,
      long from,
      long to,
      UpdateCoefficients c,
      UpdateTally tally) {
    long i = from;
    boolean areNative = gradient.isNative() && mean.isNative() && variance.isNative();
    if (VectorMode.VECTORS && areNative && READINESS.get()) {
      i = to - (to - from) % GaussianClipVector.LENGTH;
      GaussianClipVector.apply(gradient, mean, variance, from, i, c, tally);
    }
    for (long start = i; start < to; start += FusedUpdate.COLD_PART) { // the specification
      long end = Math.min(to, start + FusedUpdate.COLD_PART);
      applyScalar(gradient, mean, variance, from, start, end, c, tally);
    }
  }

  private static void applyScalar(
      MemorySegment gradient,
      MemorySegment mean,
      MemorySegment variance,
      long from,
      long start,
      long to,
      UpdateCoefficients c,
      UpdateTally tally) {
    for (long i = start; i < to; i++) {
      long at = i * Float.BYTES;
      long gradientAt = (i - from) * Float.BYTES;
      float g = gradient.get(JAVA_FLOAT_UNALIGNED, gradientAt);
      if (c.skipsNonFinite && !Float.isFinite(g)) {
        continue;
      }
      if (Math.abs(g) > c.gradientLimit) { // its distance squared must fit a float
        g = Math.copySign(c.gradientLimit, g);
        gradient.set(JAVA_FLOAT_UNALIGNED, gradientAt, g);
        tally.clamped++;
      }
      float rawMean = mean.get(JAVA_FLOAT_UNALIGNED, at);
      float rawVariance = variance.get(JAVA_FLOAT_UNALIGNED, at);
      if (c.meanCorrection != 0) { // there was a gradient before
        float center = rawMean / c.meanCorrection;
        if (c.clipsDeviations && c.varianceCorrection != 0 && rawVariance > 0) {
          float most = DEVIATIONS * (float) Math.sqrt(rawVariance / c.varianceCorrection);
          if (Math.abs(g - center) > most) {
            g = center + Math.copySign(most, g - center);
            gradient.set(JAVA_FLOAT_UNALIGNED, gradientAt, g);
            tally.spikes++;
          }
        }
        float distance = g - center;
        variance.set(
            JAVA_FLOAT_UNALIGNED,
            at,
            c.beta2 * rawVariance + c.oneMinusBeta2 * (distance * distance));
      }
      mean.set(JAVA_FLOAT_UNALIGNED, at, c.beta2 * rawMean + c.oneMinusBeta2 * g);
    }
  }
}
