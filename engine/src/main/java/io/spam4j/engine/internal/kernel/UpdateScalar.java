package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.lang.foreign.MemorySegment;

/**
 * The fused update, one coordinate at a time: the specification of every other form of it. Each
 * operation is rounded to float on its own, in the order written; no fma, no reciprocals.
 *
 * <p>Symbols: w weight, g gradient, m and v first and second moment, theta spike threshold (SPAM,
 * arXiv 2501.06842, Algorithm 1), T and M threshold and maximum of AdaClip, norm scale AdaGN's
 * (Stable-SPAM, arXiv 2502.17055).
 */
final class UpdateScalar {
  private UpdateScalar() {}

  /** Updates the elements {@code [from, to)} of weights and moments. */
  static void apply(Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    MemorySegment w = o.weights;
    MemorySegment m = o.firstMoment;
    MemorySegment v = o.secondMoment;
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      long weightAt = (i + o.weightShift) * Float.BYTES;
      float raw = o.gradient.get(JAVA_FLOAT_UNALIGNED, (i + o.gradientShift) * Float.BYTES);
      if (isSkipped(raw, c)) {
        tally.skipped++;
        if (o.givesChanges) {
          w.set(JAVA_FLOAT_UNALIGNED, weightAt, -0f);
        }
        continue;
      }
      // -0 - x + w = w - x, to the bit
      float weight = o.givesChanges ? -0f : w.get(JAVA_FLOAT_UNALIGNED, weightAt);
      float first = flush(m.get(JAVA_FLOAT_UNALIGNED, at), c);
      float second = flush(v.get(JAVA_FLOAT_UNALIGNED, at), c);

      float gradient = transformed(raw, c, tally);
      // g += lambda * w
      if (c.coupledDecay != 0) {
        gradient += c.coupledDecay * weight;
      }

      // spike: g^2 > theta * v  =>  g = sign(g) * sqrt(theta * v), or 0
      float square = gradient * gradient;
      raiseRatio(i, square, second, tally);
      if (isSpike(square, second, c)) {
        gradient = clip(gradient, second, c);
        square = gradient * gradient;
        tally.spikes++;
      }

      // m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2
      first = flush(c.beta1 * first + c.oneMinusBeta1 * gradient, c);
      second = flush(c.beta2 * second + c.oneMinusBeta2 * square, c);
      m.set(JAVA_FLOAT_UNALIGNED, at, first);
      v.set(JAVA_FLOAT_UNALIGNED, at, second);

      if (c.movesWeights()) {
        w.set(JAVA_FLOAT_UNALIGNED, weightAt, moved(weight, first, second, c));
      }
    }
  }

  /** Whether a coordinate is left out: it is not finite, or the first factor makes it so. */
  static boolean isSkipped(float raw, UpdateCoefficients c) {
    return c.skipsNonFinite && !Float.isFinite(raw * c.gradientScale);
  }

  /** Counts g^2 / v of element {@code i} if it is larger than all before. */
  private static void raiseRatio(long i, float square, float second, UpdateTally tally) {
    if (square > tally.largestRatio * second && second > 0 && square >= Float.MIN_NORMAL) {
      tally.largestRatio = ratio(square, second);
      tally.largestAt = i;
    }
  }

  /** What the fused transforms make of a gradient coordinate. */
  static float transformed(float raw, UpdateCoefficients c, UpdateTally tally) {
    // g = scale * g;  |g| > T: g = g / M * T;  g = norm scale * g;  |g| <= limit
    float gradient = raw * c.gradientScale;
    if (Math.abs(gradient) > c.clipAbove) {
      gradient = gradient / c.clipDivisor * c.clipTo;
      tally.lowered++;
    }
    gradient *= c.normScale;
    if (Math.abs(gradient) > c.gradientLimit) {
      gradient = Math.copySign(c.gradientLimit, gradient);
      tally.clamped++;
    }
    return gradient;
  }

  /** Whether a gradient of this square is a spike; false for NaN and for theta = infinity. */
  static boolean isSpike(float square, float second, UpdateCoefficients c) {
    return square > c.spikeThreshold * second && (second != 0 || canClipAtZero(c));
  }

  static boolean canClipAtZero(UpdateCoefficients c) {
    return c.clipsAtZero && c.spikeThreshold != Float.POSITIVE_INFINITY;
  }

  /** What a spike becomes: the largest gradient that is none, or nothing. */
  static float clip(float gradient, float second, UpdateCoefficients c) {
    return c.nullifiesSpikes
        ? 0
        : Math.copySign((float) Math.sqrt(c.spikeThreshold * second), gradient);
  }

  /** The smallest float r with r * v >= g^2: g^2 / v up to rounding, and exact to compare with. */
  static float ratio(float square, float second) {
    float finite = Math.min(square, Float.MAX_VALUE); // a little more is already infinite
    float ratio = Math.nextDown(Math.nextDown(finite / second));
    while (ratio * second < square) {
      ratio = Math.nextUp(ratio);
    }
    return ratio;
  }

  /** The weight after the step. */
  static float moved(float weight, float first, float second, UpdateCoefficients c) {
    // w = w * before - step * m / (sqrt(v) + eps);  w = w - after * w
    float denominator = (float) Math.sqrt(second) + c.epsilon;
    // 0 only where eps = 0 and v = 0: no history, no step.
    float direction = denominator == 0 ? 0 : first / denominator;
    float moved = weight * c.decayBefore - c.stepSize * direction;
    return c.decayAfter == 0 ? moved : moved - c.decayAfter * moved;
  }

  /** A moment as it is used: 0 if it is too small. */
  private static float flush(float moment, UpdateCoefficients c) {
    return Math.abs(moment) < c.flushBelow ? 0 : moment;
  }
}
