package io.spam4j.engine.internal.kernel;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMIN;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
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
 * The vector update of float32 for vectors in which something is unusual: it clips, lowers, limits,
 * skips and counts, with the bits of {@link UpdateScalar}. In cache it takes 2.4 times as long as
 * {@link UpdateVector}, whatever the share of spikes, and is used while they are frequent. What it
 * leaves is rarer still: a new largest ratio, NaN that is not skipped, squares that a float does
 * not hold.
 */
final class SpikyVector implements UpdateLoop {
  // Written as UpdateVector is, and for the same reasons. Masks of floats are not made masks of
  // ints: that takes three times as long as to blend floats.
  private static final UpdateForm FORM = UpdateLoops.form(MethodHandles.lookup());

  private static final boolean BARE = FORM.settings() == Settings.BARE;
  private static final boolean ELSEWHERE = FORM.weights() == Weights.ELSEWHERE;

  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = S.length();

  private static final int SIGN = 0x8000_0000;

  SpikyVector() {}

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
    long weightBytes = o.weightShift * 4;
    long gradientBytes = o.gradientShift * 4;
    boolean moves = c.movesWeights();
    boolean skips = c.skipsNonFinite;
    FloatVector zero = FloatVector.zero(S);
    FloatVector nothing = FloatVector.broadcast(S, -0f);
    FloatVector infinity = FloatVector.broadcast(S, Float.POSITIVE_INFINITY);
    FloatVector largestFinite = FloatVector.broadcast(S, Float.MAX_VALUE);
    FloatVector ratio = FloatVector.broadcast(S, tally.largestRatio);
    IntVector largestSquare = IntVector.broadcast(I, Float.floatToRawIntBits(Float.MAX_VALUE));
    FloatVector gradientScale = BARE ? zero : FloatVector.broadcast(S, c.gradientScale);
    FloatVector clipAbove = BARE ? zero : FloatVector.broadcast(S, c.clipAbove);
    FloatVector clipDivisor = BARE ? zero : FloatVector.broadcast(S, c.clipDivisor);
    FloatVector clipTo = BARE ? zero : FloatVector.broadcast(S, c.clipTo);
    FloatVector normScale = BARE ? zero : FloatVector.broadcast(S, c.normScale);
    FloatVector limit = FloatVector.broadcast(S, c.gradientLimit);
    FloatVector coupledDecay = BARE ? zero : FloatVector.broadcast(S, c.coupledDecay);
    @Nullable VectorMask<Float> coupled = BARE ? null : S.maskAll(c.coupledDecay != 0);
    @Nullable VectorMask<Float> decays = BARE ? null : S.maskAll(c.decayAfter != 0);
    VectorMask<Float> clipsAtZero = S.maskAll(UpdateScalar.canClipAtZero(c));
    FloatVector theta = FloatVector.broadcast(S, c.spikeThreshold);
    // What a spike becomes: all of the threshold's root with its own sign, or +0.
    FloatVector kept = FloatVector.broadcast(S, c.nullifiesSpikes ? 0 : 1);
    IntVector keptSign = IntVector.broadcast(I, c.nullifiesSpikes ? 0 : SIGN);
    IntVector sign = IntVector.broadcast(I, SIGN);
    FloatVector beta1 = FloatVector.broadcast(S, c.beta1);
    FloatVector oneMinusBeta1 = FloatVector.broadcast(S, c.oneMinusBeta1);
    FloatVector beta2 = FloatVector.broadcast(S, c.beta2);
    FloatVector oneMinusBeta2 = FloatVector.broadcast(S, c.oneMinusBeta2);
    FloatVector flushBelow = FloatVector.broadcast(S, c.flushBelow);
    FloatVector epsilon = FloatVector.broadcast(S, c.epsilon);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    FloatVector decayBefore = BARE ? zero : FloatVector.broadcast(S, c.decayBefore);
    FloatVector decayAfter = BARE ? zero : FloatVector.broadcast(S, c.decayAfter);

    long spikes = 0;
    long skipped = 0;
    long lowered = 0;
    long clamped = 0;
    long i = from;
    for (; i < end; i += LENGTH) {
      FloatVector weight =
          ELSEWHERE ? nothing : FloatVector.fromMemorySegment(S, w, i * 4 + weightBytes, ORDER);
      FloatVector weightBefore = weight;
      FloatVector firstBefore = FloatVector.fromMemorySegment(S, m, i * 4, ORDER);
      FloatVector secondBefore = FloatVector.fromMemorySegment(S, v, i * 4, ORDER);
      FloatVector raw = FloatVector.fromMemorySegment(S, g, i * 4 + gradientBytes, ORDER);

      FloatVector scaled = BARE ? raw : raw.mul(gradientScale);
      VectorMask<Float> unusable = scaled.lanewise(ABS).compare(LE, largestFinite).not();
      FloatVector gradient = scaled.blend(zero, unusable);
      FloatVector first =
          firstBefore.blend(zero, firstBefore.lanewise(ABS).compare(LT, flushBelow));
      FloatVector second = secondBefore.blend(zero, secondBefore.compare(LT, flushBelow));

      int lowers = 0;
      if (!BARE) {
        VectorMask<Float> isLowered = gradient.lanewise(ABS).compare(GT, clipAbove);
        lowers = isLowered.trueCount();
        gradient = gradient.blend(gradient.div(clipDivisor).mul(clipTo), isLowered);
        gradient = gradient.mul(normScale);
      }
      VectorMask<Float> clamps = gradient.lanewise(ABS).compare(GT, limit);
      FloatVector clampedTo =
          gradient
              .reinterpretAsInts()
              .and(sign)
              .or(limit.reinterpretAsInts())
              .reinterpretAsFloats();
      gradient = gradient.blend(clampedTo, clamps);
      if (!BARE) {
        gradient = gradient.add(weight.mul(coupledDecay), coupled);
      }
      FloatVector square = gradient.mul(gradient);

      IntVector usual =
          second
              .mul(ratio)
              .blend(infinity, second.compare(GT, zero).not())
              .reinterpretAsInts()
              .lanewise(UMIN, largestSquare);
      boolean isLeft = square.reinterpretAsInts().compare(UGT, usual).anyTrue();
      if (isLeft || !(skips || !unusable.anyTrue())) {
        break;
      }

      FloatVector bound = second.mul(theta);
      VectorMask<Float> spike =
          square.compare(GT, bound).and(second.compare(NE, zero).or(clipsAtZero)).andNot(unusable);
      FloatVector clipped =
          bound
              .lanewise(SQRT)
              .mul(kept)
              .reinterpretAsInts()
              .or(gradient.reinterpretAsInts().and(keptSign))
              .reinterpretAsFloats();
      gradient = gradient.blend(clipped, spike);
      square = gradient.mul(gradient);
      spikes += spike.trueCount();
      skipped += unusable.trueCount();
      clamped += clamps.trueCount();
      lowered += lowers;

      first = first.mul(beta1).add(gradient.mul(oneMinusBeta1));
      first = first.blend(zero, first.lanewise(ABS).compare(LT, flushBelow));
      second = second.mul(beta2).add(square.mul(oneMinusBeta2));
      second = second.blend(zero, second.compare(LT, flushBelow));
      first.blend(firstBefore, unusable).intoMemorySegment(m, i * 4, ORDER);
      second.blend(secondBefore, unusable).intoMemorySegment(v, i * 4, ORDER);

      if (moves) {
        FloatVector denominator = second.lanewise(SQRT).add(epsilon);
        FloatVector direction = first.div(denominator);
        if (BARE) {
          weight = weight.sub(direction.mul(stepSize));
        } else {
          direction = zero.blend(direction, denominator.compare(NE, zero));
          weight = weight.mul(decayBefore).sub(direction.mul(stepSize));
          weight = weight.sub(weight.mul(decayAfter), decays);
        }
        weight.blend(weightBefore, unusable).intoMemorySegment(w, i * 4 + weightBytes, ORDER);
      }
    }
    tally.spikes += spikes;
    tally.skipped += skipped;
    tally.lowered += lowered;
    tally.clamped += clamped;
    return i;
  }
}
