package io.spam4j.engine.internal.small;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMAX;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.tensors.internal.simd.LoopCopies;
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
 * Small tensors in which something is unusual: it clips, lowers, limits, skips and counts, with the
 * bits of the fused update. What it leaves is rarer still: squares that no float holds, ratios too
 * small to be told by a quotient, moments that are 0 under a gradient that is not.
 */
final class SmallSpiky implements SmallLoop {
  // Written as SmallVector is; with a division for each ratio, before anything is written.
  private static final boolean BARE =
      LoopCopies.constant(MethodHandles.lookup(), Settings.class) == Settings.BARE;

  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = S.length();

  private static final int SIGN = 0x8000_0000;
  private static final int TINY = Float.floatToRawIntBits(Float.MIN_NORMAL);
  private static final int HUGE = Float.floatToRawIntBits(Float.MAX_VALUE);

  /* Smaller ratios may be inexact. */
  private static final int SMALLEST = Float.floatToRawIntBits(0x1p-100f);

  SmallSpiky() {}

  @Override
  public int run(SmallTensors tensors, int from, int end, UpdateCoefficients c) {
    for (int k = from; k < end; k++) {
      if (!findLargest(tensors, k, c)) {
        return k;
      }
      update(tensors, k, c);
    }
    return end;
  }

  /** Counts the largest ratio of a tensor; false if it cannot be told, or something is left. */
  private static boolean findLargest(SmallTensors tensors, int k, UpdateCoefficients c) {
    MemorySegment g = tensors.gradients[k];
    MemorySegment moments = tensors.moments;
    if (g == null || !(g.isNative() && moments.isNative())) {
      throw VectorMode.notNative();
    }
    int n = tensors.elements[k];
    int last = n - LENGTH;
    long v = tensors.second[k];
    FloatVector zero = FloatVector.zero(S);
    FloatVector infinity = FloatVector.broadcast(S, Float.POSITIVE_INFINITY);
    FloatVector largestFinite = FloatVector.broadcast(S, Float.MAX_VALUE);
    FloatVector smallest = FloatVector.broadcast(S, Float.MIN_NORMAL);
    FloatVector gradientScale = BARE ? zero : FloatVector.broadcast(S, c.gradientScale);
    FloatVector clipAbove = BARE ? zero : FloatVector.broadcast(S, c.clipAbove);
    FloatVector clipDivisor = BARE ? zero : FloatVector.broadcast(S, c.clipDivisor);
    FloatVector clipTo = BARE ? zero : FloatVector.broadcast(S, c.clipTo);
    FloatVector normScale = BARE ? zero : FloatVector.broadcast(S, c.normScale);
    FloatVector limit = FloatVector.broadcast(S, c.gradientLimit);
    IntVector squares = IntVector.zero(I);
    IntVector largest = IntVector.zero(I);
    IntVector places = IntVector.zero(I);
    IntVector lanes = IntVector.zero(I).addIndex(1);
    for (int i = 0; i < n; i += LENGTH) {
      int at = Math.min(i, last);
      FloatVector gradient = FloatVector.fromMemorySegment(S, g, at * 4L, ORDER);
      FloatVector second = FloatVector.fromMemorySegment(S, moments, v + at * 4L, ORDER);
      if (!BARE) {
        gradient = gradient.mul(gradientScale);
      }
      gradient = zero.blend(gradient, gradient.lanewise(ABS).compare(LE, largestFinite));
      if (!BARE) {
        VectorMask<Float> isLowered = gradient.lanewise(ABS).compare(GT, clipAbove);
        gradient = gradient.blend(gradient.div(clipDivisor).mul(clipTo), isLowered);
        gradient = gradient.mul(normScale);
      }
      FloatVector square = gradient.lanewise(ABS).min(limit);
      square = square.mul(square);
      squares = squares.lanewise(UMAX, square.reinterpretAsInts());
      // UpdateScalar.ratio, which goes up at most three floats; without history there is none
      square = square.blend(zero, square.compare(LT, smallest));
      second = second.blend(infinity, second.compare(LT, smallest));
      FloatVector up = square.div(second).reinterpretAsInts().sub(2).reinterpretAsFloats();
      FloatVector next = up.reinterpretAsInts().add(1).reinterpretAsFloats();
      up = up.blend(next, up.mul(second).compare(LT, square));
      next = up.reinterpretAsInts().add(1).reinterpretAsFloats();
      up = up.blend(next, up.mul(second).compare(LT, square));
      next = up.reinterpretAsInts().add(1).reinterpretAsFloats();
      up = up.blend(next, up.mul(second).compare(LT, square));
      IntVector ratio = up.reinterpretAsInts();
      places = places.blend(lanes.add(at), ratio.compare(GT, largest));
      largest = largest.max(ratio);
    }
    int ratio = largest.reduceLanes(MAX);
    if (squares.compare(UGT, HUGE).anyTrue() || ratio > HUGE) {
      return false;
    }
    if (ratio < SMALLEST) {
      return ratio == 0 && (c.momentsAreZero || !squares.compare(GE, TINY).anyTrue());
    }
    tensors.counts.largestRatio[k] = Float.intBitsToFloat(ratio);
    tensors.counts.largestAt[k] =
        places.blend(Integer.MAX_VALUE, largest.compare(NE, ratio)).reduceLanes(MIN);
    return true;
  }

  private static void update(SmallTensors tensors, int k, UpdateCoefficients c) {
    MemorySegment w = tensors.weights[k];
    MemorySegment g = tensors.gradients[k];
    MemorySegment moments = tensors.moments;
    if (g == null || !(w.isNative() && g.isNative() && moments.isNative())) {
      throw VectorMode.notNative();
    }
    boolean moves = c.movesWeights();
    FloatVector zero = FloatVector.zero(S);
    FloatVector largestFinite = FloatVector.broadcast(S, Float.MAX_VALUE);
    FloatVector smallest = FloatVector.broadcast(S, Float.MIN_NORMAL);
    FloatVector gradientScale = BARE ? zero : FloatVector.broadcast(S, c.gradientScale);
    FloatVector clipAbove = BARE ? zero : FloatVector.broadcast(S, c.clipAbove);
    FloatVector clipDivisor = BARE ? zero : FloatVector.broadcast(S, c.clipDivisor);
    FloatVector clipTo = BARE ? zero : FloatVector.broadcast(S, c.clipTo);
    FloatVector normScale = BARE ? zero : FloatVector.broadcast(S, c.normScale);
    FloatVector limit = FloatVector.broadcast(S, c.gradientLimit);
    FloatVector theta = FloatVector.broadcast(S, c.spikeThreshold);
    // What a spike becomes: all of the threshold's root with its own sign, or +0.
    FloatVector kept = FloatVector.broadcast(S, c.nullifiesSpikes ? 0 : 1);
    IntVector keptSign = IntVector.broadcast(I, c.nullifiesSpikes ? 0 : SIGN);
    FloatVector beta1 = FloatVector.broadcast(S, c.beta1);
    FloatVector oneMinusBeta1 = FloatVector.broadcast(S, c.oneMinusBeta1);
    FloatVector beta2 = FloatVector.broadcast(S, c.beta2);
    FloatVector oneMinusBeta2 = FloatVector.broadcast(S, c.oneMinusBeta2);
    FloatVector epsilon = FloatVector.broadcast(S, c.epsilon);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    FloatVector decayBefore = BARE ? zero : FloatVector.broadcast(S, c.decayBefore);
    FloatVector decayAfter = BARE ? zero : FloatVector.broadcast(S, c.decayAfter);
    @Nullable VectorMask<Float> decays = BARE ? null : S.maskAll(c.decayAfter != 0);
    int n = tensors.elements[k];
    int last = n - LENGTH;
    long m = tensors.first[k];
    long v = tensors.second[k];
    int spikes = 0;
    int skipped = 0;
    int lowered = 0;
    int clamped = 0;
    int at = 0;
    FloatVector weight = FloatVector.fromMemorySegment(S, w, 0, ORDER);
    FloatVector first = FloatVector.fromMemorySegment(S, moments, m, ORDER);
    FloatVector second = FloatVector.fromMemorySegment(S, moments, v, ORDER);
    FloatVector gradient = FloatVector.fromMemorySegment(S, g, 0, ORDER);
    for (int i = 0; i < n; i += LENGTH) {
      int ahead = Math.min(i + LENGTH, last);
      FloatVector nextWeight = FloatVector.fromMemorySegment(S, w, ahead * 4L, ORDER);
      FloatVector nextFirst = FloatVector.fromMemorySegment(S, moments, m + ahead * 4L, ORDER);
      FloatVector nextSecond = FloatVector.fromMemorySegment(S, moments, v + ahead * 4L, ORDER);
      FloatVector nextGradient = FloatVector.fromMemorySegment(S, g, ahead * 4L, ORDER);
      FloatVector weightBefore = weight;
      FloatVector firstBefore = first;
      FloatVector secondBefore = second;
      long own = -1L << (i - at); // lanes that are not counted yet
      if (!BARE) {
        gradient = gradient.mul(gradientScale);
      }
      VectorMask<Float> usable = gradient.lanewise(ABS).compare(LE, largestFinite);
      gradient = zero.blend(gradient, usable);
      if (!BARE) {
        VectorMask<Float> isLowered = gradient.lanewise(ABS).compare(GT, clipAbove);
        lowered += Long.bitCount(isLowered.toLong() & own);
        gradient = gradient.blend(gradient.div(clipDivisor).mul(clipTo), isLowered);
        gradient = gradient.mul(normScale);
      }
      VectorMask<Float> isLimited = gradient.lanewise(ABS).compare(GT, limit);
      FloatVector limited =
          gradient
              .reinterpretAsInts()
              .and(SIGN)
              .or(limit.reinterpretAsInts())
              .reinterpretAsFloats();
      gradient = gradient.blend(limited, isLimited);
      second = second.blend(zero, second.compare(LT, smallest));
      first = first.blend(zero, first.lanewise(ABS).compare(LT, smallest));
      FloatVector square = gradient.mul(gradient);
      FloatVector bound = second.mul(theta);
      VectorMask<Float> spike = square.compare(GT, bound).and(second.compare(NE, zero));
      FloatVector clipped =
          bound
              .lanewise(SQRT)
              .mul(kept)
              .reinterpretAsInts()
              .or(gradient.reinterpretAsInts().and(keptSign))
              .reinterpretAsFloats();
      gradient = gradient.blend(clipped, spike);
      square = gradient.mul(gradient);
      spikes += Long.bitCount(spike.toLong() & own);
      skipped += Long.bitCount(usable.not().toLong() & own);
      clamped += Long.bitCount(isLimited.toLong() & own);
      first = first.mul(beta1).add(gradient.mul(oneMinusBeta1));
      first = first.blend(zero, first.lanewise(ABS).compare(LT, smallest));
      second = second.mul(beta2).add(square.mul(oneMinusBeta2));
      second = second.blend(zero, second.compare(LT, smallest));
      firstBefore.blend(first, usable).intoMemorySegment(moments, m + at * 4L, ORDER);
      secondBefore.blend(second, usable).intoMemorySegment(moments, v + at * 4L, ORDER);
      if (moves) {
        FloatVector direction = first.div(second.lanewise(SQRT).add(epsilon));
        if (BARE) {
          weight = weight.sub(direction.mul(stepSize));
        } else {
          weight = weight.mul(decayBefore).sub(direction.mul(stepSize));
          weight = weight.sub(weight.mul(decayAfter), decays);
        }
        weightBefore.blend(weight, usable).intoMemorySegment(w, at * 4L, ORDER);
      }
      weight = nextWeight;
      first = nextFirst;
      second = nextSecond;
      gradient = nextGradient;
      at = ahead;
    }
    tensors.counts.spikes[k] = spikes;
    tensors.counts.skipped[k] = skipped;
    tensors.counts.lowered[k] = lowered;
    tensors.counts.clamped[k] = clamped;
  }
}
