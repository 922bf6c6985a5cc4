package io.spam4j.engine.internal.adafactor;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.D2F;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import io.spam4j.engine.internal.kernel.Coordinates;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.engine.internal.measure.LaneSums;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector form of {@link AdafactorUpdate} for pieces of rows whose gradients are all taken as they
 * are; the same bits at every vector width. Lengths are multiples of {@link LaneSums#LANES}, all
 * memory lies outside the heap.
 */
final class AdafactorVector {
  /*
   * A piece of a row is at most a KiB and read several times: what first looks for unusual gradients
   * brings it to the first-level cache. As in Adam-mini two vectors of sums are kept, and the
   * narrower a vector is, the more passes are made over a piece.
   */
  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);

  private static final VectorSpecies<Double> D =
      VectorSpecies.of(double.class, VectorShape.forBitSize(VectorMode.BITS));

  /** As many floats as there are doubles in a vector. */
  private static final VectorSpecies<Float> F =
      VectorSpecies.of(float.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = S.length();
  private static final int HALF = D.length();
  private static final int MAGNITUDE = 0x7fff_ffff;
  private static final int LARGEST = Float.floatToRawIntBits(Coordinates.LARGEST_GRADIENT);

  private static final int COLUMNS = 64;

  private static final Readiness READINESS =
      new Readiness("Adafactor", AdafactorVector::exercise, 10_000);

  private AdafactorVector() {}

  /** Whether the loops are compiled. */
  static boolean areReady() {
    return READINESS.get();
  }

  /** Calls on memory of its own, of all loops. */
  private static Runnable exercise() {
    Operands o = WarmLoop.scratch();
    MemorySegment doubles = Arena.ofAuto().allocate((COLUMNS + LaneSums.LANES) * 8L, 64);
    MemorySegment sums = doubles.asSlice(0, COLUMNS * 8L);
    MemorySegment lanes = doubles.asSlice(COLUMNS * 8L);
    var c = new AdafactorCoefficients();
    c.beta1 = 0.5f;
    c.oneMinusBeta1 = 0.5f;
    c.stepSize = 0x1p-20f;
    return () -> {
      c.decay = c.decay == 0 ? 0x1p-20f : 0;
      rootFactors(o.secondMoment, 0, COLUMNS, o.weightsLow);
      if (areUsual(o.gradient, 0, COLUMNS)) {
        addSquares(o.gradient, 0, COLUMNS, sums, lanes);
        addUpdates(o.gradient, 0, COLUMNS, 1, o.weightsLow, lanes);
        move(o.weights, o.gradient, 0, 0, COLUMNS, 1, o.weightsLow, c);
        moveByMean(o.weights, o.firstMoment, o.gradient, 0, 0, COLUMNS, 1, o.weightsLow, c);
      }
    };
  }

  /** Whether all gradients of a piece are taken as they are. */
  static boolean areUsual(MemorySegment g, long from, int length) {
    if (!g.isNative()) {
      throw VectorMode.notNative();
    }
    IntVector max = IntVector.zero(I);
    for (long i = from; i < from + length; i += LENGTH) {
      max = max.max(IntVector.fromMemorySegment(I, g, i * 4, ORDER).and(MAGNITUDE));
    }
    return !max.compare(GT, LARGEST).anyTrue();
  }

  /** See {@link AdafactorUpdate#addSquares}; makes the lanes those of the row. */
  static void addSquares(
      MemorySegment g, long from, int length, MemorySegment columns, MemorySegment lanes) {
    if (!(g.isNative() && columns.isNative() && lanes.isNative())) {
      throw VectorMode.notNative();
    }
    long start = from * 4;
    for (int lane = 0; lane < LaneSums.LANES; lane += 2 * HALF) {
      DoubleVector sumA = DoubleVector.zero(D);
      DoubleVector sumB = DoubleVector.zero(D);
      for (int j = lane; j < length; j += LaneSums.LANES) {
        FloatVector a = FloatVector.fromMemorySegment(F, g, start + j * 4L, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(F, g, start + (j + HALF) * 4L, ORDER);
        DoubleVector squaresA = (DoubleVector) a.convertShape(F2D, D, 0);
        DoubleVector squaresB = (DoubleVector) b.convertShape(F2D, D, 0);
        squaresA = squaresA.mul(squaresA);
        squaresB = squaresB.mul(squaresB);
        long atA = j * 8L;
        long atB = (j + HALF) * 8L;
        DoubleVector.fromMemorySegment(D, columns, atA, ORDER)
            .add(squaresA)
            .intoMemorySegment(columns, atA, ORDER);
        DoubleVector.fromMemorySegment(D, columns, atB, ORDER)
            .add(squaresB)
            .intoMemorySegment(columns, atB, ORDER);
        sumA = sumA.add(squaresA);
        sumB = sumB.add(squaresB);
      }
      sumA.intoMemorySegment(lanes, lane * 8L, ORDER);
      sumB.intoMemorySegment(lanes, (lane + HALF) * 8L, ORDER);
    }
  }

  /** See {@link AdafactorUpdate#addUpdates}. */
  static void addUpdates(
      MemorySegment g,
      long from,
      int length,
      float rowFactor,
      MemorySegment columnFactors,
      MemorySegment lanes) {
    if (!(g.isNative() && columnFactors.isNative() && lanes.isNative())) {
      throw VectorMode.notNative();
    }
    long start = from * 4;
    FloatVector factor = FloatVector.broadcast(F, rowFactor);
    for (int lane = 0; lane < LaneSums.LANES; lane += 2 * HALF) {
      DoubleVector sumA = DoubleVector.fromMemorySegment(D, lanes, lane * 8L, ORDER);
      DoubleVector sumB = DoubleVector.fromMemorySegment(D, lanes, (lane + HALF) * 8L, ORDER);
      for (int j = lane; j < length; j += LaneSums.LANES) {
        FloatVector a =
            FloatVector.fromMemorySegment(F, g, start + j * 4L, ORDER)
                .mul(factor)
                .mul(FloatVector.fromMemorySegment(F, columnFactors, j * 4L, ORDER));
        FloatVector b =
            FloatVector.fromMemorySegment(F, g, start + (j + HALF) * 4L, ORDER)
                .mul(factor)
                .mul(FloatVector.fromMemorySegment(F, columnFactors, (j + HALF) * 4L, ORDER));
        DoubleVector updatesA = (DoubleVector) a.convertShape(F2D, D, 0);
        DoubleVector updatesB = (DoubleVector) b.convertShape(F2D, D, 0);
        sumA = sumA.add(updatesA.mul(updatesA));
        sumB = sumB.add(updatesB.mul(updatesB));
      }
      sumA.intoMemorySegment(lanes, lane * 8L, ORDER);
      sumB.intoMemorySegment(lanes, (lane + HALF) * 8L, ORDER);
    }
  }

  /** See {@link AdafactorUpdate#applyMatrix}, without a first moment. */
  static void move(
      MemorySegment w,
      MemorySegment g,
      long shift,
      long from,
      int length,
      float rowFactor,
      MemorySegment columnFactors,
      AdafactorCoefficients c) {
    if (!(w.isNative() && g.isNative() && columnFactors.isNative())) {
      throw VectorMode.notNative();
    }
    long start = from * 4;
    long gradientStart = (from + shift) * 4;
    FloatVector zero = FloatVector.zero(S);
    FloatVector factor = FloatVector.broadcast(S, rowFactor);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    FloatVector decay = FloatVector.broadcast(S, c.decay);
    VectorMask<Float> decays = S.maskAll(c.decay != 0);
    for (int j = 0; j < length; j += LENGTH) {
      FloatVector change =
          FloatVector.fromMemorySegment(S, g, gradientStart + j * 4L, ORDER)
              .mul(factor)
              .mul(FloatVector.fromMemorySegment(S, columnFactors, j * 4L, ORDER))
              .mul(stepSize);
      FloatVector weight = FloatVector.fromMemorySegment(S, w, start + j * 4L, ORDER);
      weight = weight.sub(weight.mul(decay), decays);
      weight
          .sub(change)
          .blend(weight, change.compare(EQ, zero))
          .intoMemorySegment(w, start + j * 4L, ORDER);
    }
  }

  /** See {@link AdafactorUpdate#applyMatrix}, with a first moment. */
  static void moveByMean(
      MemorySegment w,
      MemorySegment m,
      MemorySegment g,
      long shift,
      long from,
      int length,
      float rowFactor,
      MemorySegment columnFactors,
      AdafactorCoefficients c) {
    if (!(w.isNative() && m.isNative() && g.isNative() && columnFactors.isNative())) {
      throw VectorMode.notNative();
    }
    long start = from * 4;
    long gradientStart = (from + shift) * 4;
    FloatVector zero = FloatVector.zero(S);
    FloatVector smallest = FloatVector.broadcast(S, Float.MIN_NORMAL);
    FloatVector factor = FloatVector.broadcast(S, rowFactor);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    FloatVector beta1 = FloatVector.broadcast(S, c.beta1);
    FloatVector oneMinusBeta1 = FloatVector.broadcast(S, c.oneMinusBeta1);
    FloatVector decay = FloatVector.broadcast(S, c.decay);
    VectorMask<Float> decays = S.maskAll(c.decay != 0);
    for (int j = 0; j < length; j += LENGTH) {
      FloatVector change =
          FloatVector.fromMemorySegment(S, g, gradientStart + j * 4L, ORDER)
              .mul(factor)
              .mul(FloatVector.fromMemorySegment(S, columnFactors, j * 4L, ORDER))
              .mul(stepSize);
      FloatVector moment = FloatVector.fromMemorySegment(S, m, start + j * 4L, ORDER);
      change = moment.mul(beta1).add(change.mul(oneMinusBeta1));
      change = change.blend(zero, change.lanewise(ABS).compare(LT, smallest));
      change.intoMemorySegment(m, start + j * 4L, ORDER);
      FloatVector weight = FloatVector.fromMemorySegment(S, w, start + j * 4L, ORDER);
      weight = weight.sub(weight.mul(decay), decays);
      weight
          .sub(change)
          .blend(weight, change.compare(EQ, zero))
          .intoMemorySegment(w, start + j * 4L, ORDER);
    }
  }

  /** See {@link FactoredMoments#columnFactors}; the first column is a float of the moments. */
  static void rootFactors(MemorySegment moments, long from, int length, MemorySegment factors) {
    if (!(moments.isNative() && factors.isNative())) {
      throw VectorMode.notNative();
    }
    DoubleVector zero = DoubleVector.zero(D);
    DoubleVector one = DoubleVector.broadcast(D, 1);
    for (int j = 0; j < length; j += HALF) {
      FloatVector second = FloatVector.fromMemorySegment(F, moments, (from + j) * 4, ORDER);
      DoubleVector wide = (DoubleVector) second.convertShape(F2D, D, 0);
      DoubleVector factor = one.div(wide.sqrt()).blend(zero, wide.compare(EQ, zero));
      ((FloatVector) factor.convertShape(D2F, F, 0)).intoMemorySegment(factors, j * 4L, ORDER);
    }
  }
}
