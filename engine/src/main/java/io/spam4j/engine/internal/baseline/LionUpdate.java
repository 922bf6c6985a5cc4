package io.spam4j.engine.internal.baseline;

import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.foreign.MemorySegment;

/**
 * Lion's update (Chen et al., arXiv 2302.06675, Algorithm 2): the specification of {@link
 * LionVector}. Each operation rounds to float on its own.
 */
final class LionUpdate {
  private LionUpdate() {}

  /** Updates the elements {@code [from, to)}; the first moment is the momentum. */
  static void apply(Operands o, long from, long to, LionCoefficients c, UpdateTally tally) {
    MemorySegment w = o.weights;
    MemorySegment m = o.firstMoment;
    boolean moves = c.stepSize != 0;
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      float gradient = o.gradient.get(JAVA_FLOAT_UNALIGNED, (i + o.gradientShift) * Float.BYTES);
      if (c.skipsNonFinite && !Float.isFinite(gradient)) {
        tally.skipped++;
        continue;
      }
      float momentum = m.get(JAVA_FLOAT_UNALIGNED, at);
      if (moves) {
        // w = (1 - lr * lambda) w - lr * sign(beta1 * m + (1 - beta1) * g)
        long weightAt = (i + o.weightShift) * Float.BYTES;
        float change = signed(c.beta1 * momentum + c.oneMinusBeta1 * gradient, c);
        float weight = w.get(JAVA_FLOAT_UNALIGNED, weightAt);
        w.set(JAVA_FLOAT_UNALIGNED, weightAt, weight * c.decayBefore - change);
      }
      // m = beta2 * m + (1 - beta2) * g
      m.set(JAVA_FLOAT_UNALIGNED, at, flushed(c.beta2 * momentum + c.oneMinusBeta2 * gradient));
    }
  }

  /** lr * sign(x). Signs are random: to branch on them costs more than all the rest. */
  private static float signed(float x, LionCoefficients c) {
    return x == 0 || Float.isNaN(x) ? x : Math.copySign(c.stepSize, x);
  }
}
