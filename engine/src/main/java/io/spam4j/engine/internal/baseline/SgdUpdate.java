package io.spam4j.engine.internal.baseline;

import static io.spam4j.engine.internal.kernel.Coordinates.LARGEST_GRADIENT;
import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.foreign.MemorySegment;

/**
 * The update of stochastic gradient descent with momentum, as torch.optim.SGD: the specification of
 * {@link SgdVector}. Each operation rounds to float on its own.
 */
final class SgdUpdate {
  private SgdUpdate() {}

  /**
   * Updates the elements {@code [from, to)}; the first moment is the momentum's buffer, if there is
   * one.
   */
  static void apply(Operands o, long from, long to, SgdCoefficients c, UpdateTally tally) {
    MemorySegment w = o.weights;
    MemorySegment buffer = o.firstMoment;
    boolean moves = c.stepSize != 0;
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      float gradient = o.gradient.get(JAVA_FLOAT_UNALIGNED, (i + o.gradientShift) * Float.BYTES);
      if (c.skipsNonFinite && !Float.isFinite(gradient)) {
        tally.skipped++;
        continue;
      }
      // |g| <= limit: a sum of gradients stays a float
      if (Math.abs(gradient) > LARGEST_GRADIENT) {
        gradient = Math.copySign(LARGEST_GRADIENT, gradient);
        tally.clamped++;
      }
      long weightAt = (i + o.weightShift) * Float.BYTES;
      float weight = w.get(JAVA_FLOAT_UNALIGNED, weightAt);
      // g = g + lambda * w
      if (c.coupledDecay != 0) {
        gradient += c.coupledDecay * weight;
      }
      float direction = gradient;
      if (c.hasBuffer) {
        // b = mu * b + (1 - dampening) * g;  the first is g
        float velocity =
            c.startsBuffer
                ? gradient
                : c.momentum * buffer.get(JAVA_FLOAT_UNALIGNED, at)
                    + c.oneMinusDampening * gradient;
        velocity = flushed(velocity);
        buffer.set(JAVA_FLOAT_UNALIGNED, at, velocity);
        direction = c.nesterov ? gradient + c.momentum * velocity : velocity;
      }
      // w = w - lr * b, or w - lr * (g + mu * b)
      if (moves) {
        w.set(JAVA_FLOAT_UNALIGNED, weightAt, weight - c.stepSize * direction);
      }
    }
  }
}
