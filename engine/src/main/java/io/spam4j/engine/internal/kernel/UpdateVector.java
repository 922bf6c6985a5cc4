package io.spam4j.engine.internal.kernel;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.internal.simd.RoundingBits;
import io.spam4j.tensors.internal.simd.RoundingBitsVector;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Vector form of {@link UpdateScalar}; the same bits at every vector width. It decodes and encodes
 * what is not stored as float32 with the bits of {@link io.spam4j.tensors.internal.simd.Bfloat16}.
 * {@link UpdateLoops} makes a copy of this class for each {@link UpdateForm}.
 */
final class UpdateVector implements UpdateLoop {
  /*
   * Memory bound: of float32, 16 bytes read, 12 written a weight. What must not happen is work on
   * every element for events that almost never do. So one test a vector asks whether anything in it is
   * unusual: not finite, over the limit, a spike, or a ratio g^2 / v above the largest one so far. If
   * so, the specification itself handles it, element by element: after the first steps that is a few
   * vectors in a million.
   *
   * Choices that are the same for all lanes are masks, or constants of the copy, never branches around
   * a vector: where two vectors meet after a branch, the compiler puts them on the heap. It also does
   * so for methods with vectors in or out that it does not inline, and it inlines few of them in a
   * method as large as this. So the loop is written out.
   *
   * Bits of floats that are not negative order as the floats do, and as unsigned numbers a NaN is the
   * largest of all. So in plain forms one comparison of unsigned bits is the whole test.
   */
  private static final UpdateForm FORM = UpdateLoops.form(MethodHandles.lookup());

  private static final boolean PLAIN = FORM.settings() != Settings.ANY;
  private static final boolean BARE = FORM.settings() == Settings.BARE;
  private static final boolean HALF_GRADIENT = FORM.halfGradient();
  private static final boolean HALF_MOMENTS = FORM.moments() == DType.BF16;
  private static final boolean ELSEWHERE = FORM.weights() == Weights.ELSEWHERE;
  private static final boolean HALF_WEIGHTS = FORM.weights() != Weights.F32 && !ELSEWHERE;
  private static final boolean SPLIT = FORM.weights() == Weights.SPLIT;
  private static final boolean ROUNDS_WEIGHTS = FORM.weights() == Weights.BF16_STOCHASTIC;

  private static final boolean ROUNDS = HALF_MOMENTS || ROUNDS_WEIGHTS;

  private static final int LINE = FORM.line();
  private static final int LINE_BITS = Integer.numberOfTrailingZeros(LINE);

  private static final VectorSpecies<Float> S =
      LINE == 0 ? VectorWidth.floats() : VectorWidth.floats(LINE);
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);

  private static final VectorSpecies<Short> H =
      VectorSpecies.of(short.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  private static final IntVector NOTHING = IntVector.zero(I);
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = S.length();

  private static final IntVector WORDS = RoundingBitsVector.WORDS;
  private static final IntVector ODD = RoundingBitsVector.ODD;

  UpdateVector() {}

  @Override
  public int length() {
    return LENGTH;
  }

  @Override
  public long run(Operands o, long from, long end, UpdateCoefficients c, UpdateTally tally) {
    MemorySegment w = o.weights;
    MemorySegment low = o.weightsLow;
    MemorySegment g = o.gradient;
    MemorySegment m = o.firstMoment;
    MemorySegment v = o.secondMoment;
    if (!(w.isNative() && g.isNative() && m.isNative() && v.isNative() && low.isNative())) {
      throw VectorMode.notNative();
    }
    long weightBytes = o.weightShift * (HALF_WEIGHTS ? 2 : 4);
    long gradientBytes = o.gradientShift * (HALF_GRADIENT ? 2 : 4);
    FloatVector zero = FloatVector.zero(S);
    FloatVector nothing = FloatVector.broadcast(S, -0f);
    FloatVector ratio = FloatVector.broadcast(S, UsualBounds.ratio(c, tally));
    FloatVector boundOfZero = FloatVector.broadcast(S, UsualBounds.squareWithoutHistory(c));
    FloatVector limit = PLAIN ? zero : FloatVector.broadcast(S, UsualBounds.limit(c));
    IntVector largestSquare =
        IntVector.broadcast(I, Float.floatToRawIntBits(UsualBounds.square(c)));
    @Nullable VectorMask<Float> coupled = PLAIN ? null : S.maskAll(c.coupledDecay != 0);
    @Nullable VectorMask<Float> decays = BARE ? null : S.maskAll(c.decayAfter != 0);
    boolean moves = c.movesWeights();
    long[] lines = o.lines;
    long firstLine = o.firstLine;
    int start = RoundingBits.start(o.mixedKey, from);
    FloatVector gradientScale = BARE ? zero : FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = BARE ? zero : FloatVector.broadcast(S, c.normScale);
    FloatVector coupledDecay = PLAIN ? zero : FloatVector.broadcast(S, c.coupledDecay);
    FloatVector beta1 = FloatVector.broadcast(S, c.beta1);
    FloatVector oneMinusBeta1 = FloatVector.broadcast(S, c.oneMinusBeta1);
    FloatVector beta2 = FloatVector.broadcast(S, c.beta2);
    FloatVector oneMinusBeta2 = FloatVector.broadcast(S, c.oneMinusBeta2);
    FloatVector flushBelow = FloatVector.broadcast(S, c.flushBelow);
    FloatVector epsilon = FloatVector.broadcast(S, c.epsilon);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    FloatVector decayBefore = BARE ? zero : FloatVector.broadcast(S, c.decayBefore);
    FloatVector decayAfter = BARE ? zero : FloatVector.broadcast(S, c.decayAfter);
    IntVector multiplier = !ROUNDS ? NOTHING : IntVector.broadcast(I, RoundingBits.MULTIPLIER);
    IntVector third = !ROUNDS ? NOTHING : IntVector.broadcast(I, RoundingBits.THIRD);
    IntVector mask = !ROUNDS ? NOTHING : IntVector.broadcast(I, RoundingBits.MASK);
    for (long i = from; i < end; i += LENGTH) {
      // of weights and gradient; of the moments it is i
      long at =
          LINE == 0
              ? i
              : (lines[(int) ((i >> LINE_BITS) - firstLine)] << LINE_BITS) + (i & (LINE - 1));
      FloatVector weight;
      if (SPLIT) {
        ShortVector high = ShortVector.fromMemorySegment(H, w, at * 2 + weightBytes, ORDER);
        ShortVector rest = ShortVector.fromMemorySegment(H, low, at * 2 + weightBytes, ORDER);
        weight =
            ((IntVector) high.convertShape(S2I, I, 0))
                .lanewise(LSHL, 16)
                .add((IntVector) rest.convertShape(S2I, I, 0))
                .reinterpretAsFloats();
      } else if (HALF_WEIGHTS) {
        ShortVector high = ShortVector.fromMemorySegment(H, w, at * 2 + weightBytes, ORDER);
        weight =
            ((IntVector) high.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
      } else if (ELSEWHERE) {
        weight = nothing;
      } else {
        weight = FloatVector.fromMemorySegment(S, w, at * 4 + weightBytes, ORDER);
      }
      FloatVector first;
      FloatVector second;
      if (HALF_MOMENTS) {
        ShortVector firstHalf = ShortVector.fromMemorySegment(H, m, i * 2, ORDER);
        ShortVector secondHalf = ShortVector.fromMemorySegment(H, v, i * 2, ORDER);
        first =
            ((IntVector) firstHalf.convertShape(S2I, I, 0))
                .lanewise(LSHL, 16)
                .reinterpretAsFloats();
        second =
            ((IntVector) secondHalf.convertShape(S2I, I, 0))
                .lanewise(LSHL, 16)
                .reinterpretAsFloats();
      } else {
        first = FloatVector.fromMemorySegment(S, m, i * 4, ORDER);
        second = FloatVector.fromMemorySegment(S, v, i * 4, ORDER);
      }
      FloatVector raw;
      if (HALF_GRADIENT) {
        ShortVector half = ShortVector.fromMemorySegment(H, g, at * 2 + gradientBytes, ORDER);
        raw = ((IntVector) half.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
      } else {
        raw = FloatVector.fromMemorySegment(S, g, at * 4 + gradientBytes, ORDER);
      }

      VectorMask<Float> noHistory = second.compare(LT, flushBelow);
      second = second.blend(zero, noHistory);
      first = first.blend(zero, first.lanewise(ABS).compare(LT, flushBelow));

      FloatVector scaled = BARE ? raw : raw.mul(gradientScale);
      FloatVector gradient = BARE ? raw : scaled.mul(normScale);
      if (!PLAIN) {
        gradient = gradient.add(weight.mul(coupledDecay), coupled);
      }
      FloatVector square = gradient.mul(gradient);
      boolean isUsual;
      if (PLAIN) {
        IntVector bound =
            second
                .mul(ratio)
                .blend(boundOfZero, noHistory)
                .reinterpretAsInts()
                .lanewise(UMIN, largestSquare);
        isUsual = !square.reinterpretAsInts().compare(UGT, bound).anyTrue();
      } else {
        isUsual =
            !scaled
                .lanewise(ABS)
                .compare(LE, limit)
                .not()
                .or(square.compare(GT, second.mul(ratio).blend(boundOfZero, noHistory)))
                .anyTrue();
      }
      if (!isUsual) {
        return i;
      }

      first = first.mul(beta1).add(gradient.mul(oneMinusBeta1));
      first = first.blend(zero, first.lanewise(ABS).compare(LT, flushBelow));
      second = second.mul(beta2).add(square.mul(oneMinusBeta2));
      second = second.blend(zero, second.compare(LT, flushBelow));
      if (HALF_MOMENTS) {
        IntVector word = WORDS.add(start);
        word = word.lanewise(XOR, word.lanewise(LSHR, 16)).mul(multiplier);
        word = word.lanewise(XOR, word.lanewise(LSHR, 15));
        IntVector firstBits = word.lanewise(LSHR, 16).lanewise(XOR, ODD);
        IntVector secondBits = word.and(mask).lanewise(XOR, ODD);
        IntVector firstUpper = first.reinterpretAsInts().add(firstBits).lanewise(LSHR, 16);
        IntVector secondUpper = second.reinterpretAsInts().add(secondBits).lanewise(LSHR, 16);
        ((ShortVector) firstUpper.convertShape(I2S, H, 0)).intoMemorySegment(m, i * 2, ORDER);
        ((ShortVector) secondUpper.convertShape(I2S, H, 0)).intoMemorySegment(v, i * 2, ORDER);
      } else {
        first.intoMemorySegment(m, i * 4, ORDER);
        second.intoMemorySegment(v, i * 4, ORDER);
      }

      if (moves) {
        FloatVector denominator = second.lanewise(SQRT).add(epsilon);
        FloatVector direction = first.div(denominator);
        if (!PLAIN) {
          direction = zero.blend(direction, denominator.compare(NE, zero));
        }
        if (BARE) {
          weight = weight.sub(direction.mul(stepSize));
        } else {
          weight = weight.mul(decayBefore).sub(direction.mul(stepSize));
          weight = weight.sub(weight.mul(decayAfter), decays);
        }
        if (HALF_WEIGHTS) {
          IntVector bits = weight.reinterpretAsInts();
          IntVector upper;
          if (SPLIT) {
            upper = bits.add(0x8000);
            ((ShortVector) bits.convertShape(I2S, H, 0))
                .intoMemorySegment(low, at * 2 + weightBytes, ORDER);
          } else if (ROUNDS_WEIGHTS) {
            IntVector word = WORDS.add(start);
            word = word.lanewise(XOR, word.lanewise(LSHR, 16)).mul(multiplier);
            word = word.lanewise(XOR, word.lanewise(LSHR, 15)).mul(third);
            upper = bits.add(word.lanewise(LSHR, 16).lanewise(XOR, ODD));
          } else {
            upper = bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7fff);
          }
          ((ShortVector) upper.lanewise(LSHR, 16).convertShape(I2S, H, 0))
              .intoMemorySegment(w, at * 2 + weightBytes, ORDER);
        } else {
          weight.intoMemorySegment(w, at * 4 + weightBytes, ORDER);
        }
      }
      start += RoundingBitsVector.STEP;
    }
    return end;
  }
}
