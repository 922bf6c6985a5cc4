package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.LE;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * The step of weights that have no moments: w = w * before - step * g; w = w - after * w. One a
 * participant.
 */
public final class Unselected {
  /** Weights whose selection is looked up at a time: a bit each. */
  private static final int STRETCH = 4096;

  private static final Readiness READINESS =
      new Readiness("unselected weights", Unselected::exercise, 10_000);

  private final boolean descends;
  private final boolean decays;
  private final long[] selected; // ascending
  private final long[] bits = new long[STRETCH / Long.SIZE]; // of a stretch: whether it is selected
  private int next; // of the selected
  private int count; // of the selected

  /**
   * Moves nothing yet.
   *
   * @param descends whether they take a gradient step
   * @param decays whether they decay
   * @param selected receives the weights that are left out, ascending
   */
  public Unselected(boolean descends, boolean decays, long[] selected) {
    this.descends = descends;
    this.decays = decays;
    this.selected = selected;
  }

  /** Begins with the first selected weight, of so many. */
  public void begin(int selectedCount) {
    next = 0;
    count = selectedCount;
  }

  /**
   * Moves the weights {@code [from, to)} but for the selected ones, of which those before {@code
   * from} have been passed.
   *
   * @param gradient whose float 0 belongs to weight {@code from}
   */
  public void apply(
      MemorySegment weights,
      MemorySegment gradient,
      long from,
      long to,
      UpdateCoefficients c,
      UpdateTally tally) {
    boolean areVectors = VectorMode.VECTORS && weights.isNative() && gradient.isNative();
    if (areVectors && READINESS.get()) {
      for (long start = from; start < to; start += STRETCH) {
        long end = Math.min(to, start + STRETCH);
        applyVectors(weights, gradient, from, start, end, c, tally);
      }
      return;
    }
    for (long start = from; start < to; start += FusedUpdate.COLD_PART) {
      long end = Math.min(to, start + FusedUpdate.COLD_PART);
      applyScalar(weights, gradient, from, start, end, c, tally);
    }
  }

  private void applyVectors(
      MemorySegment weights,
      MemorySegment gradient,
      long base,
      long from,
      long to,
      UpdateCoefficients c,
      UpdateTally tally) {
    int before = next;
    Arrays.fill(bits, 0);
    for (; next < count && selected[next] < to; next++) {
      int at = (int) (selected[next] - from);
      bits[at / Long.SIZE] |= 1L << at;
    }
    int length = Vectors.LENGTH;
    long end = to - (to - from) % length;
    long i = Vectors.run(weights, gradient, base, from, from, end, descends, decays, bits, c);
    int after = next;
    next = before;
    while (i < end) {
      pass(i);
      applyScalar(weights, gradient, base, i, i + length, c, tally);
      i += length;
      i = Vectors.run(weights, gradient, base, from, i, end, descends, decays, bits, c);
    }
    pass(i);
    applyScalar(weights, gradient, base, i, to, c, tally); // the tail is the specification itself
    next = after;
  }

  /** Passes the selected weights before one. */
  private void pass(long weight) {
    while (next < count && selected[next] < weight) {
      next++;
    }
  }

  /** The specification. */
  private void applyScalar(
      MemorySegment weights,
      MemorySegment gradient,
      long base,
      long from,
      long to,
      UpdateCoefficients c,
      UpdateTally tally) {
    for (long i = from; i < to; i++) {
      if (next < count && selected[next] == i) {
        next++;
        continue;
      }
      float raw = gradient.get(JAVA_FLOAT_UNALIGNED, (i - base) * Float.BYTES);
      if (UpdateScalar.isSkipped(raw, c)) {
        tally.skipped++;
        continue;
      }
      float weight = weights.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      float g = descends ? UpdateScalar.transformed(raw, c, tally) : 0;
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
  }

  private static Runnable exercise() {
    Operands o = WarmLoop.scratch();
    UpdateCoefficients c = WarmLoop.coefficients(Settings.ANY);
    long[] some = new long[Readiness.ELEMENTS / Long.SIZE];
    Arrays.fill(some, 0x1111_1111_1111_1111L);
    UpdateCoefficients other = WarmLoop.coefficients(Settings.BARE);
    long n = Readiness.ELEMENTS / 4;
    return () -> {
      long _ = Vectors.run(o.weights, o.gradient, 0, 0, 0, n, true, true, some, c);
      long _ = Vectors.run(o.weights, o.gradient, 0, 0, 0, n, true, false, some, other);
      long _ = Vectors.run(o.weights, o.gradient, 0, 0, 0, n, false, true, some, other);
    };
  }

  /** Weights with a gradient that is taken as it is but for factors, and no NaN. */
  private static final class Vectors {
    /* Memory bound where the selection is known: 8 bytes read, 4 written a weight. */
    private static final VectorSpecies<Float> S = VectorWidth.floats();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** Weights that are moved at a time. */
    static final int LENGTH = S.length();

    private Vectors() {}

    /**
     * Moves weights from {@code from} on and stops before the first vector with something unusual
     * in it, be it selected.
     *
     * @param base the weight of the first gradient
     * @param first the weight of the first bit
     * @param end exclusive; {@code from} plus a multiple of {@link #LENGTH}
     * @return where it stopped
     */
    static long run(
        MemorySegment w,
        MemorySegment g,
        long base,
        long first,
        long from,
        long end,
        boolean descends,
        boolean decays,
        long[] selected,
        UpdateCoefficients c) {
      if (!(w.isNative() && g.isNative())) {
        throw VectorMode.notNative();
      }
      if (!c.changesWeights()) {
        return from; // only what is skipped is counted
      }
      FloatVector zero = FloatVector.zero(S);
      FloatVector limit = FloatVector.broadcast(S, UsualBounds.limit(c));
      VectorMask<Float> descend = S.maskAll(descends);
      VectorMask<Float> decay = S.maskAll(decays);
      VectorMask<Float> coupled = S.maskAll(decays && c.coupledDecay != 0);
      FloatVector gradientScale = FloatVector.broadcast(S, c.gradientScale);
      FloatVector normScale = FloatVector.broadcast(S, c.normScale);
      FloatVector coupledDecay = FloatVector.broadcast(S, c.coupledDecay);
      FloatVector decayBefore = FloatVector.broadcast(S, c.decayBefore);
      FloatVector decayAfter = FloatVector.broadcast(S, c.decayAfter);
      FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
      for (long i = from; i < end; i += LENGTH) {
        int bit = (int) (i - first);
        VectorMask<Float> moves = VectorMask.fromLong(S, ~(selected[bit / Long.SIZE] >>> bit));
        FloatVector weight = FloatVector.fromMemorySegment(S, w, i * 4, ORDER);
        FloatVector scaled =
            FloatVector.fromMemorySegment(S, g, (i - base) * 4, ORDER).mul(gradientScale);
        FloatVector gradient = zero.blend(scaled.mul(normScale), descend);
        gradient = gradient.add(weight.mul(coupledDecay), coupled);
        FloatVector moved = weight.mul(decayBefore, decay).sub(gradient.mul(stepSize));
        moved = moved.sub(moved.mul(decayAfter), decay);
        VectorMask<Float> isUsual =
            scaled.lanewise(ABS).compare(LE, limit).and(moved.eq(moved)); // not NaN
        if (!isUsual.allTrue()) {
          return i;
        }
        weight.blend(moved, moves).intoMemorySegment(w, i * 4, ORDER);
      }
      return end;
    }
  }
}
