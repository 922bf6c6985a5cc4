package io.spam4j.engine.optimizers;

import static io.spam4j.engine.internal.kernel.Coordinates.LARGEST_GRADIENT;
import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The update of stochastic gradient descent with momentum, as torch.optim.SGD. Each operation
 * rounds to float on its own.
 */
final class SgdUpdate {
  /* 12 bytes read, 8 written a weight; 8 and 4 without momentum. */

  private SgdUpdate() {}

  /**
   * Updates the elements {@code [from, to)}, whose gradients lie {@code shift} further on.
   *
   * @param buffer of the momentum; null if there is none
   */
  static void apply(
      MemorySegment w,
      @Nullable MemorySegment buffer,
      MemorySegment g,
      long shift,
      long from,
      long to,
      SgdCoefficients c,
      UpdateTally tally) {
    boolean moves = c.stepSize != 0;
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      float gradient = g.get(JAVA_FLOAT_UNALIGNED, (i + shift) * Float.BYTES);
      if (c.skipsNonFinite && !Float.isFinite(gradient)) {
        tally.skipped++;
        continue;
      }
      // |g| <= limit: a sum of gradients stays a float
      if (Math.abs(gradient) > LARGEST_GRADIENT) {
        gradient = Math.copySign(LARGEST_GRADIENT, gradient);
        tally.clamped++;
      }
      float weight = w.get(JAVA_FLOAT_UNALIGNED, at);
      // g = g + lambda * w
      if (c.coupledDecay != 0) {
        gradient += c.coupledDecay * weight;
      }
      float direction = gradient;
      if (buffer != null) {
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
        w.set(JAVA_FLOAT_UNALIGNED, at, weight - c.stepSize * direction);
      }
    }
    if (!c.skipsNonFinite) {
      QuietNaN.in(w, from, to);
      if (buffer != null) {
        QuietNaN.in(buffer, from, to);
      }
    }
  }
}
