package io.spam4j.engine.optimizers;

import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.foreign.MemorySegment;

/**
 * Lion's update (Chen et al., arXiv 2302.06675, Algorithm 2) with the numbers of one tensor at one
 * step. Each operation rounds to float on its own.
 */
final class LionUpdate {
  /* 12 bytes read, 8 written a weight. */

  /** Whether coordinates that are NaN or Inf leave weight and momentum as they are. */
  boolean skipsNonFinite;

  /** beta1, of the direction. */
  float beta1;

  /** 1 - beta1, rounded from double. */
  float oneMinusBeta1;

  /** beta2, of the momentum. */
  float beta2;

  /** 1 - beta2, rounded from double. */
  float oneMinusBeta2;

  /** Decoupled weight decay: a factor on the weight; 1 for none. */
  float decayBefore = 1;

  /** Learning rate. */
  float stepSize;

  /** Updates the elements {@code [from, to)}, whose gradients lie {@code shift} further on. */
  void apply(
      MemorySegment w,
      MemorySegment m,
      MemorySegment g,
      long shift,
      long from,
      long to,
      UpdateTally tally) {
    boolean moves = stepSize != 0;
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      float gradient = g.get(JAVA_FLOAT_UNALIGNED, (i + shift) * Float.BYTES);
      if (skipsNonFinite && !Float.isFinite(gradient)) {
        tally.skipped++;
        continue;
      }
      float momentum = m.get(JAVA_FLOAT_UNALIGNED, at);
      if (moves) {
        // w = (1 - lr * lambda) w - lr * sign(beta1 * m + (1 - beta1) * g)
        float change = signed(beta1 * momentum + oneMinusBeta1 * gradient);
        float weight = w.get(JAVA_FLOAT_UNALIGNED, at);
        w.set(JAVA_FLOAT_UNALIGNED, at, weight * decayBefore - change);
      }
      // m = beta2 * m + (1 - beta2) * g
      m.set(JAVA_FLOAT_UNALIGNED, at, flushed(beta2 * momentum + oneMinusBeta2 * gradient));
    }
  }

  /** lr * sign(c). Signs are random: to branch on them costs more than all the rest. */
  private float signed(float c) {
    return c == 0 || Float.isNaN(c) ? c : Math.copySign(stepSize, c);
  }
}
