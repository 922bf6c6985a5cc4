package io.spam4j.engine.internal.transform;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;

import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link GradientOp} within a row; the same bits at every vector width. */
final class GradientOpVector {
  /* On copies that are in cache: bound by arithmetic. A division for all lanes, lowered or not. */
  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int SIGN = 0x8000_0000;

  /** Elements that are transformed at a time. */
  static final int LENGTH = S.length();

  private GradientOpVector() {}

  /** Transforms the floats {@code [from, end)}, a multiple of {@link #LENGTH} of them. */
  static void apply(
      MemorySegment values, int from, int end, float rowScale, GradientOp op, UpdateTally tally) {
    if (!values.isNative()) {
      throw VectorMode.notNative();
    }
    FloatVector scale = FloatVector.broadcast(S, op.scale);
    FloatVector ofRow = FloatVector.broadcast(S, rowScale);
    FloatVector clipAbove = FloatVector.broadcast(S, op.clipAbove);
    FloatVector divisor = FloatVector.broadcast(S, op.divisor);
    FloatVector clipTo = FloatVector.broadcast(S, op.to);
    FloatVector limit = FloatVector.broadcast(S, op.limit);
    FloatVector largest = FloatVector.broadcast(S, Float.MAX_VALUE);
    VectorMask<Float> all = S.maskAll(!op.keepsNonFinite);
    long lowered = 0;
    long clamped = 0;
    for (int i = from; i < end; i += LENGTH) {
      FloatVector before = FloatVector.fromMemorySegment(S, values, i * 4L, ORDER);
      VectorMask<Float> changes = before.lanewise(ABS).compare(LE, largest).or(all);
      FloatVector value = before.mul(scale).mul(ofRow);
      VectorMask<Float> lowers = value.lanewise(ABS).compare(GT, clipAbove).and(changes);
      value = value.blend(value.div(divisor).mul(clipTo), lowers);
      VectorMask<Float> clamps = value.lanewise(ABS).compare(GT, limit).and(changes);
      FloatVector clampedTo =
          value.reinterpretAsInts().and(SIGN).or(limit.reinterpretAsInts()).reinterpretAsFloats();
      value = value.blend(clampedTo, clamps);
      before.blend(value, changes).intoMemorySegment(values, i * 4L, ORDER);
      lowered += lowers.trueCount();
      clamped += clamps.trueCount();
    }
    tally.lowered += lowered;
    tally.clamped += clamped;
  }
}
