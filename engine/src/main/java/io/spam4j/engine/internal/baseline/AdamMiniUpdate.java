package io.spam4j.engine.internal.baseline;

import static io.spam4j.engine.internal.kernel.Coordinates.LARGEST_GRADIENT;
import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static io.spam4j.engine.internal.kernel.Coordinates.limited;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.engine.internal.measure.LaneSums;
import io.spam4j.engine.internal.measure.PartialSum;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/**
 * Adam-mini's update, of which the scalar form is the specification of {@link AdamMiniVector}
 * (Zhang et al., arXiv 2406.16793, Algorithm 1). The weights' part rounds each operation to float;
 * what a block shares is double.
 */
final class AdamMiniUpdate {
  /* 12 bytes read, 8 written a weight, where a block stays in cache between both loops. */

  private static final int LARGEST = Float.floatToRawIntBits(LARGEST_GRADIENT);

  private static final Readiness READINESS =
      new Readiness("Adam-mini", AdamMiniUpdate::exercise, 10_000);

  private AdamMiniUpdate() {}

  private static Runnable exercise() {
    Operands o = WarmLoop.scratch();
    var c = new AdamMiniCoefficients();
    c.beta1 = 0.5f;
    c.oneMinusBeta1 = 0.5f;
    c.moves = true;
    return new LoopExercise(o.gradient) {
      @Override
      long run(long end, int turn) {
        return AdamMiniVector.run(
            o.weights, o.firstMoment, o.gradient, 0, 0, end, c, Float.MIN_NORMAL);
      }
    };
  }

  /**
   * Adds the squares of the gradients {@code [from, to)}, those that count, in the order of {@link
   * LaneSums}.
   *
   * @param lanes room for them, outside the heap
   */
  static void addSquares(
      MemorySegment g,
      long from,
      long to,
      AdamMiniCoefficients c,
      MemorySegment lanes,
      PartialSum out) {
    long end = to - (to - from) % LaneSums.LANES;
    long skipped = 0;
    boolean isUsual = LaneSums.squares(g, from, end, lanes) <= LARGEST;
    if (!isUsual) {
      LaneSums.clear(lanes, 0);
    }
    for (long i = isUsual ? end : from; i < to; i += FusedUpdate.COLD_PART) {
      skipped += addScalar(g, from, i, Math.min(to, i + FusedUpdate.COLD_PART), c, lanes);
    }
    out.add(LaneSums.total(lanes, 0), to - from - skipped);
  }

  /** Adds some of the squares; counts those that are left out. */
  private static long addScalar(
      MemorySegment g,
      long first,
      long from,
      long to,
      AdamMiniCoefficients c,
      MemorySegment lanes) {
    long skipped = 0;
    for (long i = from; i < to; i++) {
      float gradient = g.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      LaneSums.add(lanes, 0, i - first, square(gradient, c));
      skipped += skipped(gradient, c);
    }
    return skipped;
  }

  private static double square(float gradient, AdamMiniCoefficients c) {
    double limited = skipped(gradient, c) == 0 ? limited(gradient) : 0;
    return limited * limited;
  }

  private static int skipped(float gradient, AdamMiniCoefficients c) {
    return c.skipsNonFinite && !Float.isFinite(gradient) ? 1 : 0;
  }

  /**
   * Updates the elements {@code [from, to)} of a block, whose gradients lie {@code shift} further
   * on.
   *
   * @param stepSize lr / (1 - beta1^k) / (sqrt(v / (1 - beta2^k)) + eps)
   */
  static void apply(
      MemorySegment w,
      MemorySegment m,
      MemorySegment g,
      long shift,
      long from,
      long to,
      AdamMiniCoefficients c,
      float stepSize,
      UpdateTally tally) {
    long i = from;
    if (VectorMode.VECTORS && w.isNative() && g.isNative() && READINESS.get()) {
      int length = AdamMiniVector.LENGTH;
      long end = to - (to - from) % length;
      i = AdamMiniVector.run(w, m, g, shift, i, end, c, stepSize);
      while (i < end) {
        applyScalar(w, m, g, shift, i, i + length, c, stepSize, tally);
        i = AdamMiniVector.run(w, m, g, shift, i + length, end, c, stepSize);
      }
    }
    for (long start = i; start < to; start += FusedUpdate.COLD_PART) {
      long end = Math.min(to, start + FusedUpdate.COLD_PART);
      applyScalar(w, m, g, shift, start, end, c, stepSize, tally);
    }
    if (!c.skipsNonFinite) {
      QuietNaN.in(w, from, to);
      QuietNaN.in(m, from, to);
    }
  }

  private static void applyScalar(
      MemorySegment w,
      MemorySegment m,
      MemorySegment g,
      long shift,
      long from,
      long to,
      AdamMiniCoefficients c,
      float stepSize,
      UpdateTally tally) {
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      float raw = g.get(JAVA_FLOAT_UNALIGNED, (i + shift) * Float.BYTES);
      if (c.skipsNonFinite && !Float.isFinite(raw)) {
        tally.skipped++;
        continue;
      }
      if (Math.abs(raw) > LARGEST_GRADIENT) {
        tally.clamped++;
      }
      // m = beta1 * m + (1 - beta1) * g
      float moment = c.beta1 * m.get(JAVA_FLOAT_UNALIGNED, at) + c.oneMinusBeta1 * limited(raw);
      moment = flushed(moment);
      m.set(JAVA_FLOAT_UNALIGNED, at, moment);
      if (c.moves) {
        // w = (1 - lr * lambda) w - step * m
        float weight = w.get(JAVA_FLOAT_UNALIGNED, at);
        w.set(JAVA_FLOAT_UNALIGNED, at, weight * c.decayBefore - stepSize * moment);
      }
    }
  }
}
