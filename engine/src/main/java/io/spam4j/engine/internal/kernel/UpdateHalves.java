package io.spam4j.engine.internal.kernel;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.tensors.internal.simd.RoundingBits;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * {@link UpdateVector} where all four streams are bfloat16. A lane of 32 bits holds two neighbours,
 * so both are decoded and encoded where they are, by shifts and masks, and no lane is moved: two
 * vectors of floats a turn, the elements with even indices and those with odd ones.
 */
final class UpdateHalves implements UpdateLoop {
  // Written out twice for the reasons that UpdateVector gives: the compiler inlines no helpers
  // here. Moments are not subnormal (StoredMoments.restored): to look would cost a sixth.
  private static final UpdateForm FORM = UpdateLoops.form(MethodHandles.lookup());

  private static final boolean PLAIN = FORM.settings() != Settings.ANY;
  private static final boolean BARE = FORM.settings() == Settings.BARE;
  private static final boolean ROUNDS_WEIGHTS = FORM.weights() == Weights.BF16_STOCHASTIC;

  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = 2 * S.length();
  private static final int UPPER = 0xffff_0000;
  private static final IntVector WORDS = IntVector.zero(I).addIndex(1).mul(RoundingBits.STEP);

  UpdateHalves() {}

  @Override
  public int length() {
    return LENGTH;
  }

  @Override
  public long run(Operands o, long from, long end, UpdateCoefficients c, UpdateTally tally) {
    MemorySegment w = o.weights;
    MemorySegment g = o.gradient;
    MemorySegment m = o.firstMoment;
    MemorySegment v = o.secondMoment;
    if (!(w.isNative() && g.isNative() && m.isNative() && v.isNative())) {
      throw VectorMode.notNative();
    }
    long weightBytes = o.weightShift * 2;
    long gradientBytes = o.gradientShift * 2;
    FloatVector zero = FloatVector.zero(S);
    FloatVector ratio = FloatVector.broadcast(S, UsualBounds.ratio(c, tally));
    FloatVector boundOfZero = FloatVector.broadcast(S, UsualBounds.squareWithoutHistory(c));
    FloatVector limit = PLAIN ? zero : FloatVector.broadcast(S, UsualBounds.limit(c));
    IntVector largestSquare =
        IntVector.broadcast(I, Float.floatToRawIntBits(UsualBounds.square(c)));
    @Nullable VectorMask<Float> coupled = PLAIN ? null : S.maskAll(c.coupledDecay != 0);
    @Nullable VectorMask<Float> decays = BARE ? null : S.maskAll(c.decayAfter != 0);
    boolean moves = c.movesWeights();
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
    IntVector multiplier = IntVector.broadcast(I, RoundingBits.MULTIPLIER);
    IntVector third = IntVector.broadcast(I, RoundingBits.THIRD);
    IntVector mask = IntVector.broadcast(I, RoundingBits.MASK);
    IntVector upperHalf = IntVector.broadcast(I, UPPER);
    for (long i = from; i < end; i += LENGTH) {
      IntVector weights = IntVector.fromMemorySegment(I, w, i * 2 + weightBytes, ORDER);
      IntVector gradients = IntVector.fromMemorySegment(I, g, i * 2 + gradientBytes, ORDER);
      IntVector firsts = IntVector.fromMemorySegment(I, m, i * 2, ORDER);
      IntVector seconds = IntVector.fromMemorySegment(I, v, i * 2, ORDER);
      FloatVector weight0 = weights.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector weight1 = weights.and(upperHalf).reinterpretAsFloats();
      FloatVector first0 = firsts.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector first1 = firsts.and(upperHalf).reinterpretAsFloats();
      FloatVector second0 = seconds.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector second1 = seconds.and(upperHalf).reinterpretAsFloats();
      FloatVector raw0 = gradients.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector raw1 = gradients.and(upperHalf).reinterpretAsFloats();

      VectorMask<Float> noHistory0 = second0.compare(EQ, zero);
      VectorMask<Float> noHistory1 = second1.compare(EQ, zero);

      FloatVector scaled0 = BARE ? raw0 : raw0.mul(gradientScale);
      FloatVector scaled1 = BARE ? raw1 : raw1.mul(gradientScale);
      FloatVector gradient0 = BARE ? raw0 : scaled0.mul(normScale);
      FloatVector gradient1 = BARE ? raw1 : scaled1.mul(normScale);
      if (!PLAIN) {
        gradient0 = gradient0.add(weight0.mul(coupledDecay), coupled);
        gradient1 = gradient1.add(weight1.mul(coupledDecay), coupled);
      }
      FloatVector square0 = gradient0.mul(gradient0);
      FloatVector square1 = gradient1.mul(gradient1);
      boolean isUsual;
      if (PLAIN) {
        IntVector bound0 =
            second0
                .mul(ratio)
                .blend(boundOfZero, noHistory0)
                .reinterpretAsInts()
                .lanewise(UMIN, largestSquare);
        IntVector bound1 =
            second1
                .mul(ratio)
                .blend(boundOfZero, noHistory1)
                .reinterpretAsInts()
                .lanewise(UMIN, largestSquare);
        isUsual =
            !square0
                .reinterpretAsInts()
                .compare(UGT, bound0)
                .or(square1.reinterpretAsInts().compare(UGT, bound1))
                .anyTrue();
      } else {
        isUsual =
            !scaled0
                .lanewise(ABS)
                .compare(LE, limit)
                .not()
                .or(square0.compare(GT, second0.mul(ratio).blend(boundOfZero, noHistory0)))
                .or(scaled1.lanewise(ABS).compare(LE, limit).not())
                .or(square1.compare(GT, second1.mul(ratio).blend(boundOfZero, noHistory1)))
                .anyTrue();
      }
      if (!isUsual) {
        return i;
      }

      first0 = first0.mul(beta1).add(gradient0.mul(oneMinusBeta1));
      first1 = first1.mul(beta1).add(gradient1.mul(oneMinusBeta1));
      first0 = first0.blend(zero, first0.lanewise(ABS).compare(LT, flushBelow));
      first1 = first1.blend(zero, first1.lanewise(ABS).compare(LT, flushBelow));
      second0 = second0.mul(beta2).add(square0.mul(oneMinusBeta2));
      second1 = second1.mul(beta2).add(square1.mul(oneMinusBeta2));
      second0 = second0.blend(zero, second0.compare(LT, flushBelow));
      second1 = second1.blend(zero, second1.compare(LT, flushBelow));
      IntVector word = WORDS.add(start);
      word = word.lanewise(XOR, word.lanewise(LSHR, 16)).mul(multiplier);
      word = word.lanewise(XOR, word.lanewise(LSHR, 15));
      IntVector firstBits = word.lanewise(LSHR, 16);
      IntVector firstOdd =
          first1.reinterpretAsInts().add(firstBits.lanewise(XOR, mask)).and(upperHalf);
      first0
          .reinterpretAsInts()
          .add(firstBits)
          .lanewise(LSHR, 16)
          .or(firstOdd)
          .intoMemorySegment(m, i * 2, ORDER);
      IntVector secondBits = word.and(mask);
      IntVector secondOdd =
          second1.reinterpretAsInts().add(secondBits.lanewise(XOR, mask)).and(upperHalf);
      second0
          .reinterpretAsInts()
          .add(secondBits)
          .lanewise(LSHR, 16)
          .or(secondOdd)
          .intoMemorySegment(v, i * 2, ORDER);

      if (moves) {
        FloatVector denominator0 = second0.lanewise(SQRT).add(epsilon);
        FloatVector denominator1 = second1.lanewise(SQRT).add(epsilon);
        FloatVector direction0 = first0.div(denominator0);
        FloatVector direction1 = first1.div(denominator1);
        if (!PLAIN) {
          direction0 = zero.blend(direction0, denominator0.compare(NE, zero));
          direction1 = zero.blend(direction1, denominator1.compare(NE, zero));
        }
        if (BARE) {
          weight0 = weight0.sub(direction0.mul(stepSize));
          weight1 = weight1.sub(direction1.mul(stepSize));
        } else {
          weight0 = weight0.mul(decayBefore).sub(direction0.mul(stepSize));
          weight1 = weight1.mul(decayBefore).sub(direction1.mul(stepSize));
          weight0 = weight0.sub(weight0.mul(decayAfter), decays);
          weight1 = weight1.sub(weight1.mul(decayAfter), decays);
        }
        IntVector bits0 = weight0.reinterpretAsInts();
        IntVector bits1 = weight1.reinterpretAsInts();
        IntVector rounded0;
        IntVector rounded1;
        if (ROUNDS_WEIGHTS) {
          IntVector bits = word.mul(third).lanewise(LSHR, 16);
          rounded0 = bits0.add(bits);
          rounded1 = bits1.add(bits.lanewise(XOR, mask));
        } else {
          rounded0 = bits0.add(bits0.lanewise(LSHR, 16).and(1)).add(0x7fff);
          rounded1 = bits1.add(bits1.lanewise(LSHR, 16).and(1)).add(0x7fff);
        }
        rounded0
            .lanewise(LSHR, 16)
            .or(rounded1.and(upperHalf))
            .intoMemorySegment(w, i * 2 + weightBytes, ORDER);
      }
      start += LENGTH / 2 * RoundingBits.STEP;
    }
    return end;
  }
}
