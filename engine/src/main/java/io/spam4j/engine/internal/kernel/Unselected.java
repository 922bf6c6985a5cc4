package io.spam4j.engine.internal.kernel;

import static io.spam4j.engine.internal.kernel.UpdateScalar.transformed;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.lang.foreign.MemorySegment;

/** The step of weights that have no moments: w = w * before - step * g; w = w - after * w. */
public final class Unselected {
  private Unselected() {}

  /**
   * Moves the weights {@code [from, to)} but for some.
   *
   * @param gradient whose float 0 belongs to weight {@code from}
   * @param selected the weights left out, ascending
   * @param first the index in {@code selected} of the first that may lie in the range
   * @param count the end of {@code selected}
   * @param descends whether they take a gradient step
   * @param decays whether they decay
   * @return the index in {@code selected} of the first beyond the range
   */
  public static int apply(
      MemorySegment weights,
      MemorySegment gradient,
      long from,
      long to,
      long[] selected,
      int first,
      int count,
      boolean descends,
      boolean decays,
      UpdateCoefficients c,
      UpdateTally tally) {
    int next = first;
    for (long i = from; i < to; i++) {
      if (next < count && selected[next] == i) {
        next++;
        continue;
      }
      float raw = gradient.get(JAVA_FLOAT_UNALIGNED, (i - from) * Float.BYTES);
      if (UpdateScalar.isSkipped(raw, c)) {
        tally.skipped++;
        continue;
      }
      float weight = weights.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      float g = descends ? transformed(raw, c, tally) : 0;
      if (decays && c.coupledDecay != 0) {
        g += c.coupledDecay * weight;
      }
      weight = (decays ? weight * c.decayBefore : weight) - c.stepSize * g;
      if (c.changesWeights()) {
        weights.set(
            JAVA_FLOAT_UNALIGNED,
            i * Float.BYTES,
            QuietNaN.of(decays ? weight - c.decayAfter * weight : weight));
      }
    }
    return next;
  }
}
