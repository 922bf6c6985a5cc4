package io.spam4j.engine.internal.small;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMAX;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UsualBounds;
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
 * Small tensors in which nothing is unusual: no spike, nothing over a limit or not finite. The bits
 * are those of the fused update, and so are the largest ratio and its place.
 */
final class SmallVector implements SmallLoop {
  /*
   * Bound by the divider, once it is called for many tensors: a root and a division a vector. So the
   * largest g^2 / v, which is a division too, is bounded first, by a pass that subtracts exponents
   * and with them mantissas, for logarithms: what is over the bound, a lane or two of a tensor, is
   * divided. The same pass tells whether anything is unusual, before anything is written.
   *
   * The last vector ends with the tensor, and begins in the one before if it has to: what is in both is
   * loaded before it is stored, computed twice and stored twice, the same. A tail by scalar code takes
   * as long as all vectors before it, and masks of loads and stores make more code than the quick
   * compiler has registers for, so that the other one never gets to see it.
   *
   * Two methods, each with its loop, for the same reason. Between them go no vectors.
   */
  private static final boolean BARE =
      LoopCopies.constant(MethodHandles.lookup(), Settings.class) == Settings.BARE;

  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = S.length();

  private static final int TINY = Float.floatToRawIntBits(Float.MIN_NORMAL);
  private static final int ONE = Float.floatToRawIntBits(1);

  /* Where all that a ratio is found with are normal floats. */
  private static final int SMALLEST = Float.floatToRawIntBits(0x1p-100f);
  private static final int LARGEST = Float.floatToRawIntBits(0x1p120f);

  /* Where no ratio counts. */
  private static final int NONE = Integer.MIN_VALUE;

  /*
   * log2(1 + x) is at least x, and at most 0.0861 more. So the float of a difference of bits is at most
   * 2^0.1722 of the ratio, and the ratio at most 2^0.0861 of it.
   */
  private static final float BELOW = 0.88f; // 2^-0.1722 = 0.8875
  private static final float ABOVE = 1.07f; // 2^0.0861 = 1.0615

  SmallVector() {}

  @Override
  public int run(SmallTensors tensors, int from, int end, UpdateCoefficients c) {
    for (int k = from; k < end; k++) {
      float bound = bound(tensors, k, c);
      if (Float.isNaN(bound)) {
        return k;
      }
      update(tensors, k, bound, c);
    }
    return end;
  }

  /**
   * What the largest ratio of a tensor is above; infinity if there is none, NaN if something is
   * unusual.
   */
  private static float bound(SmallTensors tensors, int k, UpdateCoefficients c) {
    MemorySegment g = tensors.gradients[k];
    MemorySegment moments = tensors.moments;
    if (g == null || !(g.isNative() && moments.isNative())) {
      throw VectorMode.notNative();
    }
    int n = tensors.elements[k];
    int last = n - LENGTH;
    long v = tensors.second[k];
    FloatVector zero = FloatVector.zero(S);
    FloatVector gradientScale = BARE ? zero : FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = BARE ? zero : FloatVector.broadcast(S, c.normScale);
    IntVector smallest = IntVector.broadcast(I, TINY);
    IntVector none = IntVector.broadcast(I, NONE);
    IntVector squares = IntVector.zero(I);
    IntVector logarithms = none;
    for (int i = 0; i < n; i += LENGTH) {
      int at = Math.min(i, last);
      FloatVector gradient = FloatVector.fromMemorySegment(S, g, at * 4L, ORDER);
      FloatVector second = FloatVector.fromMemorySegment(S, moments, v + at * 4L, ORDER);
      if (!BARE) {
        gradient = gradient.mul(gradientScale).mul(normScale);
      }
      IntVector square = gradient.mul(gradient).reinterpretAsInts();
      squares = squares.lanewise(UMAX, square);
      IntVector divisor = second.reinterpretAsInts();
      VectorMask<Integer> counts = square.compare(GE, smallest, divisor.compare(GE, smallest));
      logarithms = logarithms.blend(square.sub(divisor).max(logarithms), counts);
    }
    if (squares.compare(UGT, Float.floatToRawIntBits(UsualBounds.square(c))).anyTrue()) {
      return Float.NaN;
    }
    int logarithm = logarithms.reduceLanes(MAX);
    if (logarithm == NONE) {
      return Float.POSITIVE_INFINITY;
    }
    float about = Float.intBitsToFloat(logarithm + ONE);
    boolean isInRange = logarithm >= SMALLEST - ONE && logarithm <= LARGEST - ONE;
    return isInRange && about * ABOVE <= c.spikeThreshold ? about * BELOW : Float.NaN;
  }

  private static void update(SmallTensors tensors, int k, float least, UpdateCoefficients c) {
    MemorySegment w = tensors.weights[k];
    MemorySegment g = tensors.gradients[k];
    MemorySegment moments = tensors.moments;
    if (g == null || !(w.isNative() && g.isNative() && moments.isNative())) {
      throw VectorMode.notNative();
    }
    boolean moves = c.movesWeights();
    FloatVector zero = FloatVector.zero(S);
    FloatVector smallest = FloatVector.broadcast(S, Float.MIN_NORMAL);
    FloatVector gradientScale = BARE ? zero : FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = BARE ? zero : FloatVector.broadcast(S, c.normScale);
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
    float bound = least;
    int largest = 0;
    int largestIndex = -1;
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
      if (!BARE) {
        gradient = gradient.mul(gradientScale).mul(normScale);
      }
      FloatVector square = gradient.mul(gradient);
      second = second.blend(zero, second.compare(LT, smallest));
      first = first.blend(zero, first.lanewise(ABS).compare(LT, smallest));
      if (square.compare(GT, second.mul(bound)).anyTrue()) {
        // UpdateScalar.ratio, which goes up at most three floats; without history there is none
        FloatVector counted = square.blend(zero, square.compare(LT, smallest));
        FloatVector divisor = second.blend(Float.POSITIVE_INFINITY, second.compare(LT, smallest));
        FloatVector up = counted.div(divisor).reinterpretAsInts().sub(2).reinterpretAsFloats();
        FloatVector next = up.reinterpretAsInts().add(1).reinterpretAsFloats();
        up = up.blend(next, up.mul(divisor).compare(LT, counted));
        next = up.reinterpretAsInts().add(1).reinterpretAsFloats();
        up = up.blend(next, up.mul(divisor).compare(LT, counted));
        next = up.reinterpretAsInts().add(1).reinterpretAsFloats();
        up = up.blend(next, up.mul(divisor).compare(LT, counted));
        int ratio = up.reinterpretAsInts().reduceLanes(MAX);
        if (ratio > largest) {
          largest = ratio;
          largestIndex = at + up.reinterpretAsInts().compare(EQ, ratio).firstTrue();
          bound = Float.intBitsToFloat(ratio);
        }
      }
      first = first.mul(beta1).add(gradient.mul(oneMinusBeta1));
      first = first.blend(zero, first.lanewise(ABS).compare(LT, smallest));
      second = second.mul(beta2).add(square.mul(oneMinusBeta2));
      second = second.blend(zero, second.compare(LT, smallest));
      first.intoMemorySegment(moments, m + at * 4L, ORDER);
      second.intoMemorySegment(moments, v + at * 4L, ORDER);
      if (moves) {
        FloatVector direction = first.div(second.lanewise(SQRT).add(epsilon));
        if (BARE) {
          weight = weight.sub(direction.mul(stepSize));
        } else {
          weight = weight.mul(decayBefore).sub(direction.mul(stepSize));
          weight = weight.sub(weight.mul(decayAfter), decays);
        }
        weight.intoMemorySegment(w, at * 4L, ORDER);
      }
      weight = nextWeight;
      first = nextFirst;
      second = nextSecond;
      gradient = nextGradient;
      at = ahead;
    }
    tensors.counts.largestRatio[k] = Float.intBitsToFloat(largest);
    tensors.counts.largestAt[k] = largestIndex;
  }
}
