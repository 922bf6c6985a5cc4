package io.spam4j.engine.optimizers;

import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.foreign.MemorySegment;

/**
 * Lion's update (Chen et al., arXiv 2302.06675, Algorithm 2). Each operation rounds to float on its
 * own.
 */
final class LionUpdate {
  /* 12 bytes read, 8 written a weight. */

  private LionUpdate() {}

  /** Updates the elements {@code [from, to)}, whose gradients lie {@code shift} further on. */
  static void apply(
      MemorySegment w,
      MemorySegment m,
      MemorySegment g,
      long shift,
      long from,
      long to,
      LionCoefficients c,
      UpdateTally tally) {
    boolean moves = c.stepSize != 0;
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      float gradient = g.get(JAVA_FLOAT_UNALIGNED, (i + shift) * Float.BYTES);
      if (c.skipsNonFinite && !Float.isFinite(gradient)) {
        tally.skipped++;
        continue;
      }
      float momentum = m.get(JAVA_FLOAT_UNALIGNED, at);
      if (moves) {
        // w = (1 - lr * lambda) w - lr * sign(beta1 * m + (1 - beta1) * g)
        float change = signed(c.beta1 * momentum + c.oneMinusBeta1 * gradient, c);
        float weight = w.get(JAVA_FLOAT_UNALIGNED, at);
        w.set(JAVA_FLOAT_UNALIGNED, at, weight * c.decayBefore - change);
      }
      // m = beta2 * m + (1 - beta2) * g
      m.set(JAVA_FLOAT_UNALIGNED, at, flushed(c.beta2 * momentum + c.oneMinusBeta2 * gradient));
    }
    if (!c.skipsNonFinite) {
      QuietNaN.in(w, from, to);
      QuietNaN.in(m, from, to);
    }
  }

  /** lr * sign(x). Signs are random: to branch on them costs more than all the rest. */
  private static float signed(float x, LionCoefficients c) {
    return x == 0 || Float.isNaN(x) ? x : Math.copySign(c.stepSize, x);
  }
}
