package io.spam4j.engine.internal.adafactor;

import static io.spam4j.engine.internal.kernel.Coordinates.LARGEST_GRADIENT;
import static io.spam4j.engine.internal.kernel.Coordinates.flushed;
import static io.spam4j.engine.internal.kernel.Coordinates.limited;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.measure.LaneSums;
import io.spam4j.engine.internal.measure.PartialSum;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Adafactor's loops (Shazeer and Stern, arXiv 1804.04235, Algorithms 4 and 5). Each operation on a
 * coordinate rounds to float on its own; sums are double. A gradient of element {@code i} lies
 * {@code shift} further on.
 */
final class AdafactorUpdate {
  /* Of a matrix, in three passes: 16 bytes read, 4 written a weight. */

  private AdafactorUpdate() {}

  private static boolean skips(float gradient, AdafactorCoefficients c) {
    return c.skipsNonFinite && !Float.isFinite(gradient);
  }

  /**
   * Advances the second moments of the elements {@code [from, to)} of a vector, and adds the
   * squares of its updates.
   */
  static void vectorMoments(
      MemorySegment v,
      MemorySegment g,
      long shift,
      long from,
      long to,
      AdafactorCoefficients c,
      PartialSum updates) {
    double sum = 0;
    long skipped = 0;
    for (long i = from; i < to; i++) {
      float raw = g.get(JAVA_FLOAT_UNALIGNED, (i + shift) * Float.BYTES);
      if (skips(raw, c)) {
        skipped++;
        continue;
      }
      float gradient = limited(raw);
      // v = beta2 * v + (1 - beta2) * (g^2 + eps1)
      long at = i * Float.BYTES;
      float square = gradient * gradient + c.epsilon;
      float second = flushed(c.beta2 * v.get(JAVA_FLOAT_UNALIGNED, at) + c.oneMinusBeta2 * square);
      v.set(JAVA_FLOAT_UNALIGNED, at, second);
      double update = vectorUpdate(gradient, second);
      sum += update * update;
    }
    updates.add(sum, to - from - skipped);
  }

  /** u = g / sqrt(v); 0 where v is, which only eps1 = 0 allows. */
  private static float vectorUpdate(float gradient, float second) {
    return second == 0 ? 0 : gradient / (float) Math.sqrt(second);
  }

  /** Moves the elements {@code [from, to)} of a vector; {@code m} is null without beta1. */
  static void applyVector(
      MemorySegment w,
      @Nullable MemorySegment m,
      MemorySegment v,
      MemorySegment g,
      long shift,
      long from,
      long to,
      AdafactorCoefficients c,
      UpdateTally tally) {
    for (long i = from; i < to; i++) {
      float raw = g.get(JAVA_FLOAT_UNALIGNED, (i + shift) * Float.BYTES);
      if (isCounted(raw, c, tally)) {
        float second = v.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
        move(w, m, i * Float.BYTES, vectorUpdate(limited(raw), second), c);
      }
    }
    if (!c.skipsNonFinite) {
      QuietNaN.in(v, from, to);
    }
    quiet(w, m, from, to, c);
  }

  /** How many elements of a piece of a row vectors can do; all or none of whole rounds of lanes. */
  private static int vectors(MemorySegment g, long from, int length) {
    int rounds = length - length % LaneSums.LANES;
    boolean usual =
        VectorMode.VECTORS
            && rounds > 0
            && g.isNative()
            && AdafactorVector.areReady()
            && AdafactorVector.areUsual(g, from, rounds);
    return usual ? rounds : 0;
  }

  /**
   * Adds the squares of the gradients of a piece of a row to the row's sum, in the order of {@link
   * LaneSums} unless the piece is shorter than its lanes, and to those of its columns, which are
   * the first {@code length} of these.
   *
   * @param from the first gradient, a float of {@code g}
   * @param columns sums of squares, double
   * @param skips how many gradients were left out
   * @param lanes room for a sum
   */
  static void addSquares(
      MemorySegment g,
      long from,
      int length,
      MemorySegment columns,
      int[] skips,
      MemorySegment lanes,
      AdafactorCoefficients c,
      PartialSum row) {
    boolean hasLanes = length >= LaneSums.LANES;
    int done = vectors(g, from, length);
    if (done > 0) {
      AdafactorVector.addSquares(g, from, done, columns, lanes);
    } else if (hasLanes) {
      LaneSums.clear(lanes, 0);
    }
    double sum = 0;
    long skipped = 0;
    for (int j = done; j < length; j++) {
      float raw = g.get(JAVA_FLOAT_UNALIGNED, (from + j) * Float.BYTES);
      if (skips(raw, c)) {
        skips[j]++;
        skipped++;
        continue;
      }
      double gradient = limited(raw);
      double square = gradient * gradient;
      long at = (long) j * Double.BYTES;
      columns.set(JAVA_DOUBLE_UNALIGNED, at, columns.get(JAVA_DOUBLE_UNALIGNED, at) + square);
      if (hasLanes) {
        LaneSums.add(lanes, 0, j, square);
      } else {
        sum += square;
      }
    }
    row.add(hasLanes ? LaneSums.total(lanes, 0) : sum, length - skipped);
  }

  /** u = g * (1 / sqrt(r / mean(r))) * (1 / sqrt(c)); in this order nothing overflows. */
  private static float matrixUpdate(float gradient, float rowFactor, float columnFactor) {
    return gradient * rowFactor * columnFactor;
  }

  private static float factor(MemorySegment factors, int column) {
    return factors.get(JAVA_FLOAT_UNALIGNED, (long) column * Float.BYTES);
  }

  /**
   * Adds the squares of the updates of a piece of a row to lanes, those of column j to that of j.
   *
   * @param from the first gradient, a float of {@code g}
   * @return how many there are
   */
  static long addUpdates(
      MemorySegment g,
      long from,
      int length,
      float rowFactor,
      MemorySegment columnFactors,
      AdafactorCoefficients c,
      MemorySegment lanes) {
    int done = vectors(g, from, length);
    if (done > 0) {
      AdafactorVector.addUpdates(g, from, done, rowFactor, columnFactors, lanes);
    }
    long skipped = 0;
    for (int j = done; j < length; j++) {
      float raw = g.get(JAVA_FLOAT_UNALIGNED, (from + j) * Float.BYTES);
      if (skips(raw, c)) {
        skipped++;
        continue;
      }
      double update = matrixUpdate(limited(raw), rowFactor, factor(columnFactors, j));
      LaneSums.add(lanes, 0, j, update * update);
    }
    return length - skipped;
  }

  /** Moves a piece of a row of a matrix, from element {@code from} on. */
  static void applyMatrix(
      MemorySegment w,
      @Nullable MemorySegment m,
      MemorySegment g,
      long shift,
      long from,
      int length,
      float rowFactor,
      MemorySegment columnFactors,
      AdafactorCoefficients c,
      UpdateTally tally) {
    int done = w.isNative() ? vectors(g, from + shift, length) : 0;
    if (done > 0) {
      if (m == null) {
        AdafactorVector.move(w, g, shift, from, done, rowFactor, columnFactors, c);
      } else {
        AdafactorVector.moveByMean(w, m, g, shift, from, done, rowFactor, columnFactors, c);
      }
    }
    for (int j = done; j < length; j++) {
      float raw = g.get(JAVA_FLOAT_UNALIGNED, (from + shift + j) * Float.BYTES);
      if (isCounted(raw, c, tally)) {
        float update = matrixUpdate(limited(raw), rowFactor, factor(columnFactors, j));
        move(w, m, (from + j) * Float.BYTES, update, c);
      }
    }
    quiet(w, m, from, from + length, c);
  }

  private static void quiet(
      MemorySegment w, @Nullable MemorySegment m, long from, long to, AdafactorCoefficients c) {
    if (!c.skipsNonFinite) {
      QuietNaN.in(w, from, to);
      if (m != null) {
        QuietNaN.in(m, from, to);
      }
    }
  }

  private static boolean isCounted(float raw, AdafactorCoefficients c, UpdateTally tally) {
    if (skips(raw, c)) {
      tally.skipped++;
      return false;
    }
    if (Math.abs(raw) > LARGEST_GRADIENT) {
      tally.clamped++;
    }
    return true;
  }

  private static void move(
      MemorySegment w, @Nullable MemorySegment m, long at, float update, AdafactorCoefficients c) {
    float change = c.stepSize * update;
    if (m != null) {
      // m = beta1 * m + (1 - beta1) * alpha * u / max(1, rms(u) / d)
      change = flushed(c.beta1 * m.get(JAVA_FLOAT_UNALIGNED, at) + c.oneMinusBeta1 * change);
      m.set(JAVA_FLOAT_UNALIGNED, at, change);
    }
    // w = w - alpha * lambda * w;  w = w - m
    float weight = w.get(JAVA_FLOAT_UNALIGNED, at);
    if (c.decay != 0) {
      weight -= c.decay * weight;
    }
    w.set(JAVA_FLOAT_UNALIGNED, at, change == 0 ? weight : weight - change);
  }
}
