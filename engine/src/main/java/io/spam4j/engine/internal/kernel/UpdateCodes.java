package io.spam4j.engine.internal.kernel;

import static io.spam4j.tensors.internal.simd.MomentCodes.BLOCK;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.CUT;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.LEAST;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.MOST;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.OFFSET;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.XOR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.tensors.internal.simd.MomentGrid;
import io.spam4j.tensors.internal.simd.RoundingBits;
import io.spam4j.tensors.internal.simd.RoundingBitsVector;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * The vector update of moments that are codes of 8 bits, a block at a time, in one pass: with the
 * bits of {@link io.spam4j.tensors.internal.simd.MomentCodes} before and behind {@link UpdateScalar}.
 * New codes are of the grid that the block has; whether it keeps it is known behind the last vector.
 *
 * <p>Where it stops, the block may be begun: {@link Operands#finished} says so, and the codes that
 * it had are in {@link Operands#formerCodes}.
 */
final class UpdateCodes implements UpdateLoop {
  // Written as UpdateVector is, and for the same reasons. Shifts by an int that all lanes share:
  // those by a vector of counts take a third longer.
  private static final UpdateForm FORM = UpdateLoops.form(MethodHandles.lookup());

  private static final boolean BARE = FORM.settings() == Settings.BARE;
  private static final boolean HALF_GRADIENT = FORM.halfGradient();
  private static final boolean HALF_WEIGHTS = FORM.weights() != Weights.F32;
  private static final boolean SPLIT = FORM.weights() == Weights.SPLIT;
  private static final boolean ROUNDS_WEIGHTS = FORM.weights() == Weights.BF16_STOCHASTIC;

  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);

  private static final VectorSpecies<Short> H =
      VectorSpecies.of(short.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  /** Codes of a vector; at 128 bits there are none so short, and there is no loop. */
  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, VectorMode.BITS / 4)));

  /** Codes that are copied at a time. */
  private static final VectorSpecies<Byte> COPY = S.withLanes(byte.class);

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = S.length();

  UpdateCodes() {}

  @Override
  public int length() {
    return LENGTH;
  }

  /** Updates whole blocks; else as {@link UpdateLoop} says. */
  @Override
  public long run(Operands o, long from, long end, UpdateCoefficients c, UpdateTally tally) {
    MemorySegment w = o.weights;
    MemorySegment low = o.weightsLow;
    MemorySegment g = o.gradient;
    MemorySegment m = o.firstMoment;
    MemorySegment v = o.secondMoment;
    MemorySegment grids = o.grids;
    MemorySegment former = o.formerCodes;
    if (!(w.isNative()
        && g.isNative()
        && m.isNative()
        && v.isNative()
        && low.isNative()
        && grids.isNative()
        && former.isNative())) {
      throw VectorMode.notNative();
    }
    FloatVector zero = FloatVector.zero(S);
    FloatVector ratio = FloatVector.broadcast(S, UsualBounds.ratio(c, tally));
    IntVector boundOfZero =
        IntVector.broadcast(I, Float.floatToRawIntBits(UsualBounds.squareWithoutHistory(c)));
    IntVector largestSquare =
        IntVector.broadcast(I, Float.floatToRawIntBits(UsualBounds.square(c)));
    @Nullable VectorMask<Float> decays = BARE ? null : S.maskAll(c.decayAfter != 0);
    boolean moves = c.movesWeights();
    int start = RoundingBits.start(o.mixedKey, from);
    FloatVector gradientScale = BARE ? zero : FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = BARE ? zero : FloatVector.broadcast(S, c.normScale);
    FloatVector beta1 = FloatVector.broadcast(S, c.beta1);
    FloatVector oneMinusBeta1 = FloatVector.broadcast(S, c.oneMinusBeta1);
    FloatVector beta2 = FloatVector.broadcast(S, c.beta2);
    FloatVector oneMinusBeta2 = FloatVector.broadcast(S, c.oneMinusBeta2);
    FloatVector flushBelow = FloatVector.broadcast(S, c.flushBelow);
    FloatVector leastSecond = // that is not 0
        FloatVector.broadcast(S, Math.max(c.flushBelow, Float.MIN_VALUE));
    FloatVector epsilon = FloatVector.broadcast(S, c.epsilon);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    FloatVector decayBefore = BARE ? zero : FloatVector.broadcast(S, c.decayBefore);
    FloatVector decayAfter = BARE ? zero : FloatVector.broadcast(S, c.decayAfter);
    FloatVector offset = FloatVector.broadcast(S, OFFSET);
    IntVector largestCode = IntVector.broadcast(I, MOST);
    IntVector multiplier = IntVector.broadcast(I, RoundingBits.MULTIPLIER);
    IntVector least = IntVector.broadcast(I, LEAST);
    IntVector wordStep = IntVector.broadcast(I, RoundingBitsVector.STEP);
    IntVector signBit = IntVector.broadcast(I, Integer.MIN_VALUE);
    IntVector nothing = IntVector.zero(I);
    IntVector everything = IntVector.broadcast(I, Integer.MAX_VALUE);
    long i = from;
    while (i < end) {
      long block = i;
      o.finished = block;
      int grid = grids.get(JAVA_INT_UNALIGNED, block / BLOCK * Integer.BYTES);
      if (grid > MomentGrid.LARGEST) {
        return block;
      }
      int shift = MomentGrid.shift(grid);
      int floor = MomentGrid.floor(grid);
      int kept = -1 << shift;
      IntVector floors = IntVector.broadcast(I, floor);
      IntVector firstRoot = IntVector.broadcast(I, floor - kept);
      IntVector keptBits = IntVector.broadcast(I, kept);
      IntVector droppedBits = IntVector.broadcast(I, ~kept);
      for (int j = 0; j < BLOCK; j += COPY.length()) {
        ByteVector.fromMemorySegment(COPY, m, block + j, ORDER)
            .intoMemorySegment(former, j, ORDER);
        ByteVector.fromMemorySegment(COPY, v, block + j, ORDER)
            .intoMemorySegment(former, BLOCK + j, ORDER);
      }
      IntVector words = RoundingBitsVector.WORDS.add(start);
      IntVector largestRoot = nothing;
      IntVector leastRoot = everything;
      for (; i < block + BLOCK; i += LENGTH) {
        FloatVector weight;
        if (SPLIT) {
          ShortVector high = ShortVector.fromMemorySegment(H, w, i * 2, ORDER);
          ShortVector rest = ShortVector.fromMemorySegment(H, low, i * 2, ORDER);
          weight =
              ((IntVector) high.convertShape(S2I, I, 0))
                  .lanewise(LSHL, 16)
                  .add((IntVector) rest.convertShape(S2I, I, 0))
                  .reinterpretAsFloats();
        } else if (HALF_WEIGHTS) {
          ShortVector high = ShortVector.fromMemorySegment(H, w, i * 2, ORDER);
          weight =
              ((IntVector) high.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
        } else {
          weight = FloatVector.fromMemorySegment(S, w, i * 4, ORDER);
        }
        FloatVector raw;
        if (HALF_GRADIENT) {
          ShortVector half = ShortVector.fromMemorySegment(H, g, i * 2, ORDER);
          raw = ((IntVector) half.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
        } else {
          raw = FloatVector.fromMemorySegment(S, g, i * 4, ORDER);
        }
        IntVector k =
            (IntVector)
                ByteVector.fromMemorySegment(B, v, i, ORDER).convertShape(ZERO_EXTEND_B2I, I, 0);
        VectorMask<Integer> noHistory = k.compare(EQ, nothing);
        FloatVector rootBefore =
            k.lanewise(LSHL, shift).add(floors).blend(nothing, noHistory).reinterpretAsFloats();
        IntVector j =
            (IntVector) ByteVector.fromMemorySegment(B, m, i, ORDER).convertShape(B2I, I, 0);
        FloatVector first =
            j.lanewise(ABS)
                .add(least)
                .lanewise(LSHL, CUT)
                .reinterpretAsFloats()
                .sub(offset)
                .mul(rootBefore)
                .reinterpretAsInts()
                .or(j.and(signBit))
                .reinterpretAsFloats();
        FloatVector second = rootBefore.mul(rootBefore);

        // Neither is subnormal, and both are finite; so what they are compared with is no NaN.
        FloatVector gradient = BARE ? raw : raw.mul(gradientScale).mul(normScale);
        FloatVector square = gradient.mul(gradient);
        FloatVector bound =
            second
                .mul(ratio)
                .reinterpretAsInts()
                .blend(boundOfZero, noHistory)
                .min(largestSquare)
                .reinterpretAsFloats();
        if (!square.compare(LE, bound).allTrue()) {
          return i;
        }

        first = first.mul(beta1).add(gradient.mul(oneMinusBeta1));
        first = first.blend(zero, first.lanewise(ABS).compare(LT, flushBelow));
        second = second.mul(beta2).add(square.mul(oneMinusBeta2));
        VectorMask<Float> isZero = second.compare(LT, leastSecond);
        FloatVector root = second.lanewise(SQRT).blend(zero, isZero);

        IntVector random = words.lanewise(XOR, words.lanewise(LSHR, 16)).mul(multiplier);
        random = random.lanewise(XOR, random.lanewise(LSHR, 15));
        IntVector bits = random.lanewise(XOR, RoundingBitsVector.INVERTED);
        IntVector r = root.reinterpretAsInts();
        largestRoot = largestRoot.max(r);
        leastRoot = leastRoot.min(r);
        IntVector s = r.add(bits.and(droppedBits)).and(keptBits).max(firstRoot);
        IntVector code = s.sub(floors).lanewise(LSHR, shift);
        code = code.reinterpretAsFloats().blend(zero, isZero).reinterpretAsInts();
        ((ByteVector) code.convertShape(I2B, B, 0)).intoMemorySegment(v, i, ORDER);
        IntVector x =
            first
                .lanewise(ABS)
                .div(s.reinterpretAsFloats())
                .add(offset)
                .reinterpretAsInts()
                .min(largestCode);
        IntVector magnitude =
            x.add(bits.lanewise(LSHR, Integer.SIZE - CUT)).lanewise(LSHR, CUT).sub(least);
        IntVector sign = first.reinterpretAsInts().lanewise(ASHR, 31);
        ((ByteVector) magnitude.lanewise(XOR, sign).sub(sign).convertShape(I2B, B, 0))
            .intoMemorySegment(m, i, ORDER);

        if (moves) {
          FloatVector direction = first.div(root.add(epsilon));
          if (BARE) {
            weight = weight.sub(direction.mul(stepSize));
          } else {
            weight = weight.mul(decayBefore).sub(direction.mul(stepSize));
            weight = weight.sub(weight.mul(decayAfter), decays);
          }
          if (HALF_WEIGHTS) {
            IntVector whole = weight.reinterpretAsInts();
            IntVector upper;
            if (SPLIT) {
              upper = whole.add(0x8000);
              ((ShortVector) whole.convertShape(I2S, H, 0)).intoMemorySegment(low, i * 2, ORDER);
            } else if (ROUNDS_WEIGHTS) {
              IntVector third = random.mul(RoundingBits.THIRD).lanewise(LSHR, 16);
              upper = whole.add(third.lanewise(XOR, RoundingBitsVector.ODD));
            } else {
              upper = whole.add(whole.lanewise(LSHR, 16).and(1)).add(0x7fff);
            }
            ((ShortVector) upper.lanewise(LSHR, 16).convertShape(I2S, H, 0))
                .intoMemorySegment(w, i * 2, ORDER);
          } else {
            weight.intoMemorySegment(w, i * 4, ORDER);
          }
        }
        words = words.add(wordStep);
      }
      start += BLOCK / 2 * RoundingBits.STEP;
      if (!MomentGrid.keeps(grid, largestRoot.reduceLanes(MAX), leastRoot.reduceLanes(MIN))) {
        return i;
      }
    }
    o.finished = end;
    return end;
  }
}
