package io.spam4j.engine.optimizers;

import static io.spam4j.engine.internal.kernel.Coordinates.LARGEST_GRADIENT;
import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static io.spam4j.engine.internal.kernel.Coordinates.limited;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.measure.PartialSum;
import java.lang.foreign.MemorySegment;

/**
 * Adam-mini's update (Zhang et al., arXiv 2406.16793, Algorithm 1). The weights' part rounds each
 * operation to float; what a block shares is double.
 */
final class AdamMiniUpdate {
  /* 12 bytes read, 8 written a weight, where a block stays in cache between both loops. */

  private AdamMiniUpdate() {}

  /** Adds the squares of the gradients {@code [from, to)}, those that count. */
  static void addSquares(
      MemorySegment g, long from, long to, AdamMiniCoefficients c, PartialSum out) {
    // Four sums, because each addition has to wait for the one before.
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    long skipped = 0;
    long end = to - (to - from) % 4;
    for (long i = from; i < end; i += 4) {
      float g0 = g.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      float g1 = g.get(JAVA_FLOAT_UNALIGNED, (i + 1) * Float.BYTES);
      float g2 = g.get(JAVA_FLOAT_UNALIGNED, (i + 2) * Float.BYTES);
      float g3 = g.get(JAVA_FLOAT_UNALIGNED, (i + 3) * Float.BYTES);
      sum0 += square(g0, c);
      sum1 += square(g1, c);
      sum2 += square(g2, c);
      sum3 += square(g3, c);
      skipped += skipped(g0, c) + skipped(g1, c) + skipped(g2, c) + skipped(g3, c);
    }
    for (long i = end; i < to; i++) {
      float g0 = g.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      sum0 += square(g0, c);
      skipped += skipped(g0, c);
    }
    out.add((sum0 + sum1) + (sum2 + sum3), to - from - skipped);
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
    if (!c.skipsNonFinite) {
      QuietNaN.in(w, from, to);
      QuietNaN.in(m, from, to);
    }
  }
}
