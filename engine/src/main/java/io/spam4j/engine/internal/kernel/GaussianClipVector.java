package io.spam4j.engine.internal.kernel;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.SQRT;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link GaussianClip}; the same bits at every vector width. */
final class GaussianClipVector {
  /* 8 bytes read, 8 written a weight besides the copy of the gradient, which is in cache. */
  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int SIGN = 0x8000_0000;

  /** Elements that are clipped at a time. */
  static final int LENGTH = S.length();

  private GaussianClipVector() {}

  /**
   * Clips the elements {@code [from, end)}, a multiple of {@link #LENGTH} of them; float 0 of the
   * gradient is element {@code from}.
   */
  static void apply(
      MemorySegment gradient,
      MemorySegment mean,
      MemorySegment variance,
      long from,
      long end,
      UpdateCoefficients c,
      UpdateTally tally) {
    if (!(gradient.isNative() && mean.isNative() && variance.isNative())) {
      throw VectorMode.notNative();
    }
    FloatVector zero = FloatVector.zero(S);
    FloatVector largest = FloatVector.broadcast(S, Float.MAX_VALUE);
    VectorMask<Float> all = S.maskAll(!c.skipsNonFinite);
    VectorMask<Float> hasMean = S.maskAll(c.meanCorrection != 0);
    VectorMask<Float> clips =
        S.maskAll(c.meanCorrection != 0 && c.clipsDeviations && c.varianceCorrection != 0);
    FloatVector limit = FloatVector.broadcast(S, c.gradientLimit);
    FloatVector meanCorrection = FloatVector.broadcast(S, c.meanCorrection);
    FloatVector varianceCorrection = FloatVector.broadcast(S, c.varianceCorrection);
    FloatVector deviations = FloatVector.broadcast(S, GaussianClip.DEVIATIONS);
    FloatVector beta2 = FloatVector.broadcast(S, c.beta2);
    FloatVector oneMinusBeta2 = FloatVector.broadcast(S, c.oneMinusBeta2);
    long clamped = 0;
    long spikes = 0;
    for (long i = from; i < end; i += LENGTH) {
      long gradientAt = (i - from) * 4;
      FloatVector raw = FloatVector.fromMemorySegment(S, gradient, gradientAt, ORDER);
      FloatVector rawMean = FloatVector.fromMemorySegment(S, mean, i * 4, ORDER);
      FloatVector rawVariance = FloatVector.fromMemorySegment(S, variance, i * 4, ORDER);
      VectorMask<Float> counts = raw.lanewise(ABS).compare(LE, largest).or(all);

      VectorMask<Float> clamps = raw.lanewise(ABS).compare(GT, limit).and(counts);
      FloatVector clampedTo =
          raw.reinterpretAsInts().and(SIGN).or(limit.reinterpretAsInts()).reinterpretAsFloats();
      FloatVector g = raw.blend(clampedTo, clamps);
      FloatVector center = rawMean.div(meanCorrection);
      FloatVector most = deviations.mul(rawVariance.div(varianceCorrection).lanewise(SQRT));
      FloatVector distance = g.sub(center);
      VectorMask<Float> isFar =
          distance
              .lanewise(ABS)
              .compare(GT, most)
              .and(rawVariance.compare(GT, zero))
              .and(clips)
              .and(counts);
      FloatVector signed =
          distance.reinterpretAsInts().and(SIGN).or(most.reinterpretAsInts()).reinterpretAsFloats();
      g = g.blend(center.add(signed), isFar);
      distance = g.sub(center);
      FloatVector nextVariance =
          rawVariance.mul(beta2).add(distance.mul(distance).mul(oneMinusBeta2));
      FloatVector nextMean = rawMean.mul(beta2).add(g.mul(oneMinusBeta2));
      raw.blend(g, counts).intoMemorySegment(gradient, gradientAt, ORDER);
      rawVariance
          .blend(nextVariance, hasMean.and(counts))
          .intoMemorySegment(variance, i * 4, ORDER);
      rawMean.blend(nextMean, counts).intoMemorySegment(mean, i * 4, ORDER);
      clamped += clamps.trueCount();
      spikes += isFar.trueCount();
    }
    tally.clamped += clamped;
    tally.spikes += spikes;
  }
}
