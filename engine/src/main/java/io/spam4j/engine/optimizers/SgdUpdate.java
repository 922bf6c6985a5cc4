package io.spam4j.engine.optimizers;

import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The update of stochastic gradient descent with momentum, as torch.optim.SGD, with the numbers of
 * one tensor at one step. Each operation rounds to float on its own.
 */
final class SgdUpdate {
  /* 12 bytes read, 8 written a weight; 8 and 4 without momentum. */

  /** Whether coordinates that are NaN or Inf leave weight and momentum as they are. */
  boolean skipsNonFinite;

  /** L2 regularisation: this times the weight is added to the gradient; 0 for none. */
  float coupledDecay;

  /** Factor on the momentum buffer. */
  float momentum;

  /** 1 - dampening, rounded from double. */
  float oneMinusDampening;

  /** Whether the buffer becomes the gradient: at the first one. */
  boolean startsBuffer;

  /** Whether the step looks ahead by one more share of momentum. */
  boolean nesterov;

  /** Learning rate. */
  float stepSize;

  /**
   * Updates the elements {@code [from, to)}, whose gradients lie {@code shift} further on.
   *
   * @param buffer of the momentum; null if there is none
   */
  void apply(
      MemorySegment w,
      @Nullable MemorySegment buffer,
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
      float weight = w.get(JAVA_FLOAT_UNALIGNED, at);
      // g = g + lambda * w
      if (coupledDecay != 0) {
        gradient += coupledDecay * weight;
      }
      float direction = gradient;
      if (buffer != null) {
        // b = mu * b + (1 - dampening) * g;  the first is g
        float velocity =
            startsBuffer
                ? gradient
                : momentum * buffer.get(JAVA_FLOAT_UNALIGNED, at) + oneMinusDampening * gradient;
        velocity = flushed(velocity);
        buffer.set(JAVA_FLOAT_UNALIGNED, at, velocity);
        direction = nesterov ? gradient + momentum * velocity : velocity;
      }
      // w = w - lr * b, or w - lr * (g + mu * b)
      if (moves) {
        w.set(JAVA_FLOAT_UNALIGNED, at, weight - stepSize * direction);
      }
    }
  }
}
