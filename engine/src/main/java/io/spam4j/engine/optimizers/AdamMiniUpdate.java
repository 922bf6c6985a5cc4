package io.spam4j.engine.optimizers;

import static io.spam4j.engine.internal.kernel.Coordinates.LARGEST_GRADIENT;
import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static io.spam4j.engine.internal.kernel.Coordinates.limited;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.measure.PartialSum;
import java.lang.foreign.MemorySegment;

/**
 * Adam-mini's update (Zhang et al., arXiv 2406.16793, Algorithm 1) with the numbers of one tensor
 * at one step. The weights' part rounds each operation to float; what a block shares is double.
 */
final class AdamMiniUpdate {
  /* 12 bytes read, 8 written a weight, where a block stays in cache between both loops. */

  /** Whether coordinates that are NaN or Inf leave weight and moment as they are. */
  boolean skipsNonFinite;

  /** beta1. */
  float beta1;

  /** 1 - beta1, rounded from double. */
  float oneMinusBeta1;

  /** Decoupled weight decay: a factor on the weight; 1 for none. */
  float decayBefore = 1;

  /** Whether the learning rate is not 0. */
  boolean moves;

  /** Adds the squares of the gradients {@code [from, to)}, those that count. */
  void addSquares(MemorySegment g, long from, long to, PartialSum out) {
    // Four sums, because each addition has to wait for the one before.
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    long skipped = 0;
    long end = to - (to - from) % 4;
    for (long i = from; i < end; i += 4) {
      float g0 = g.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      float g1 = g.get(JAVA_FLOAT_UNALIGNED, (i + 1) * Float.BYTES);
      float g2 = g.get(JAVA_FLOAT_UNALIGNED, (i + 2) * Float.BYTES);
      float g3 = g.get(JAVA_FLOAT_UNALIGNED, (i + 3) * Float.BYTES);
      a += square(g0);
      b += square(g1);
      c += square(g2);
      d += square(g3);
      skipped += skipped(g0) + skipped(g1) + skipped(g2) + skipped(g3);
    }
    for (long i = end; i < to; i++) {
      float g0 = g.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      a += square(g0);
      skipped += skipped(g0);
    }
    out.add((a + b) + (c + d), to - from - skipped);
  }

  private double square(float gradient) {
    double limited = skipped(gradient) == 0 ? limited(gradient) : 0;
    return limited * limited;
  }

  private int skipped(float gradient) {
    return skipsNonFinite && !Float.isFinite(gradient) ? 1 : 0;
  }

  /**
   * Updates the elements {@code [from, to)} of a block, whose gradients lie {@code shift} further
   * on.
   *
   * @param stepSize lr / (1 - beta1^k) / (sqrt(v / (1 - beta2^k)) + eps)
   */
  void apply(
      MemorySegment w,
      MemorySegment m,
      MemorySegment g,
      long shift,
      long from,
      long to,
      float stepSize,
      UpdateTally tally) {
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      float raw = g.get(JAVA_FLOAT_UNALIGNED, (i + shift) * Float.BYTES);
      if (skipsNonFinite && !Float.isFinite(raw)) {
        tally.skipped++;
        continue;
      }
      if (Math.abs(raw) > LARGEST_GRADIENT) {
        tally.clamped++;
      }
      // m = beta1 * m + (1 - beta1) * g
      float moment = beta1 * m.get(JAVA_FLOAT_UNALIGNED, at) + oneMinusBeta1 * limited(raw);
      moment = flushed(moment);
      m.set(JAVA_FLOAT_UNALIGNED, at, moment);
      if (moves) {
        // w = (1 - lr * lambda) w - step * m
        float weight = w.get(JAVA_FLOAT_UNALIGNED, at);
        w.set(JAVA_FLOAT_UNALIGNED, at, weight * decayBefore - stepSize * moment);
      }
    }
  }
}
