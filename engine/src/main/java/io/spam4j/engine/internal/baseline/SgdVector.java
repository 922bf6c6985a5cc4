package io.spam4j.engine.internal.baseline;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.spam4j.engine.internal.kernel.Coordinates;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.tensors.internal.simd.LoopCopies;
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

/** Vector form of {@link SgdUpdate}; the same bits at every vector width. */
final class SgdVector implements ElementwiseLoop<SgdCoefficients> {
  /*
   * Memory bound: 12 bytes read, 8 written a weight in float32, 8 and 4 without momentum. Copies, and
   * no helpers, for the reasons that UpdateVector gives.
   */
  private static final ElementwiseForm FORM =
      LoopCopies.constant(MethodHandles.lookup(), ElementwiseForm.class);

  private static final boolean HALF_GRADIENT = FORM.halfGradient();
  private static final boolean HALF_WEIGHTS = FORM.weights() != Weights.F32;
  private static final boolean SPLIT = FORM.weights() == Weights.SPLIT;
  private static final boolean ROUNDS = FORM.weights() == Weights.BF16_STOCHASTIC;
  private static final boolean HAS_BUFFER = FORM.hasState();

  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);

  private static final VectorSpecies<Short> H =
      VectorSpecies.of(short.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = S.length();
  private static final int MAGNITUDE = 0x7fff_ffff;
  private static final int INFINITY = 0x7f80_0000;
  private static final int QUIET = 0x0040_0000;
  private static final int LARGEST = Float.floatToRawIntBits(Coordinates.LARGEST_GRADIENT);
  private static final IntVector WORDS = RoundingBitsVector.WORDS;
  private static final IntVector ODD = RoundingBitsVector.ODD;

  SgdVector() {}

  @Override
  public int length() {
    return LENGTH;
  }

  @Override
  public long run(Operands o, long from, long end, SgdCoefficients c) {
    MemorySegment w = o.weights;
    MemorySegment low = o.weightsLow;
    MemorySegment g = o.gradient;
    MemorySegment m = o.firstMoment;
    if (!(w.isNative() && low.isNative() && g.isNative() && m.isNative())) {
      throw VectorMode.notNative();
    }
    long weightBytes = o.weightShift * (HALF_WEIGHTS ? 2 : 4);
    long gradientBytes = o.gradientShift * (HALF_GRADIENT ? 2 : 4);
    boolean moves = c.stepSize != 0;
    int start = RoundingBits.start(o.mixedKey, from);
    IntVector multiplier = IntVector.broadcast(I, RoundingBits.MULTIPLIER);
    IntVector third = IntVector.broadcast(I, RoundingBits.THIRD);
    FloatVector zero = FloatVector.zero(S);
    FloatVector smallest = FloatVector.broadcast(S, Float.MIN_NORMAL);
    VectorMask<Float> coupled = S.maskAll(c.coupledDecay != 0);
    VectorMask<Float> starts = S.maskAll(c.startsBuffer);
    VectorMask<Float> nesterov = S.maskAll(c.nesterov);
    FloatVector coupledDecay = FloatVector.broadcast(S, c.coupledDecay);
    FloatVector mu = FloatVector.broadcast(S, c.momentum);
    FloatVector oneMinusDampening = FloatVector.broadcast(S, c.oneMinusDampening);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    for (long i = from; i < end; i += LENGTH) {
      FloatVector gradient;
      if (HALF_GRADIENT) {
        ShortVector half = ShortVector.fromMemorySegment(H, g, i * 2 + gradientBytes, ORDER);
        gradient =
            ((IntVector) half.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
      } else {
        gradient = FloatVector.fromMemorySegment(S, g, i * 4 + gradientBytes, ORDER);
      }
      if (gradient.reinterpretAsInts().and(MAGNITUDE).compare(GT, LARGEST).anyTrue()) {
        return i;
      }
      FloatVector weight;
      if (SPLIT) {
        ShortVector high = ShortVector.fromMemorySegment(H, w, i * 2 + weightBytes, ORDER);
        ShortVector rest = ShortVector.fromMemorySegment(H, low, i * 2 + weightBytes, ORDER);
        weight =
            ((IntVector) high.convertShape(S2I, I, 0))
                .lanewise(LSHL, 16)
                .add((IntVector) rest.convertShape(S2I, I, 0))
                .reinterpretAsFloats();
      } else if (HALF_WEIGHTS) {
        ShortVector high = ShortVector.fromMemorySegment(H, w, i * 2 + weightBytes, ORDER);
        weight =
            ((IntVector) high.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
      } else {
        weight = FloatVector.fromMemorySegment(S, w, i * 4 + weightBytes, ORDER);
      }
      gradient = gradient.add(weight.mul(coupledDecay), coupled);
      FloatVector direction;
      if (HAS_BUFFER) {
        FloatVector velocity = FloatVector.fromMemorySegment(S, m, i * 4, ORDER);
        velocity = velocity.mul(mu).add(gradient.mul(oneMinusDampening)).blend(gradient, starts);
        velocity = velocity.blend(zero, velocity.lanewise(ABS).compare(LT, smallest));
        velocity.intoMemorySegment(m, i * 4, ORDER);
        direction = velocity.blend(gradient.add(velocity.mul(mu)), nesterov);
      } else {
        direction = gradient;
      }
      if (moves) {
        weight = weight.sub(direction.mul(stepSize));
        if (HALF_WEIGHTS) {
          IntVector bits = weight.reinterpretAsInts();
          IntVector upper;
          if (SPLIT) {
            upper = bits.add(0x8000);
            ((ShortVector) bits.convertShape(I2S, H, 0))
                .intoMemorySegment(low, i * 2 + weightBytes, ORDER);
          } else if (ROUNDS) {
            IntVector word = WORDS.add(start);
            word = word.lanewise(XOR, word.lanewise(LSHR, 16)).mul(multiplier);
            word = word.lanewise(XOR, word.lanewise(LSHR, 15)).mul(third);
            upper = bits.add(word.lanewise(LSHR, 16).lanewise(XOR, ODD));
            upper = upper.blend(bits.or(QUIET), bits.and(MAGNITUDE).compare(GT, INFINITY));
          } else {
            upper = bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7fff);
            upper = upper.blend(bits.or(QUIET), bits.and(MAGNITUDE).compare(GT, INFINITY));
          }
          ((ShortVector) upper.lanewise(LSHR, 16).convertShape(I2S, H, 0))
              .intoMemorySegment(w, i * 2 + weightBytes, ORDER);
        } else {
          weight.intoMemorySegment(w, i * 4 + weightBytes, ORDER);
        }
      }
      start += RoundingBitsVector.STEP;
    }
    return end;
  }
}
