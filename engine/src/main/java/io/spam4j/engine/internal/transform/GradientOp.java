package io.spam4j.engine.internal.transform;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What one gradient transform does to one tensor's gradient at one step, coordinate by coordinate;
 * each operation rounds to float on its own, as the fused update does with the coefficients of the
 * same names. Mutable and reused. At first it changes nothing.
 */
public final class GradientOp {
  private static final Readiness READINESS =
      new Readiness("gradient transforms", GradientOp::exercise, 10_000);

  /** Whether coordinates that are NaN or Inf stay so, for the update to skip. */
  final boolean keepsNonFinite;

  /** Factor on every coordinate. */
  public float scale = 1;

  /** Larger magnitudes are lowered: divided by {@link #divisor}, then multiplied by {@link #to}. */
  public float clipAbove = Float.POSITIVE_INFINITY;

  /** See {@link #clipAbove}. */
  public float divisor = 1;

  /** See {@link #clipAbove}. */
  public float to = 1;

  /** Larger magnitudes are limited to this. */
  public float limit = Float.POSITIVE_INFINITY;

  /** Factors on the rows of the tensor; null for none. */
  public float @Nullable [] rowScales;

  /** Elements a row. */
  public long rowLength = 1;

  /** A transform of a step that skips coordinates that are not finite, or lets them take part. */
  public GradientOp(boolean keepsNonFinite) {
    this.keepsNonFinite = keepsNonFinite;
  }

  /** Whether another one does the same, where neither has factors on rows. */
  boolean isAlike(GradientOp other) {
    return scale == other.scale
        && clipAbove == other.clipAbove
        && divisor == other.divisor
        && to == other.to
        && limit == other.limit;
  }

  /** The largest magnitude that it leaves as it is but for a factor. */
  public float changesAbove() {
    return Math.min(clipAbove, limit);
  }

  /**
   * Transforms {@code count} floats in place.
   *
   * @param values the coordinates, from float 0 on
   * @param positions where in the tensor each coordinate lies; null if they follow each other
   * @param from where the first lies, if they follow each other
   */
  public void apply(
      MemorySegment values, int count, long @Nullable [] positions, long from, UpdateTally tally) {
    boolean areVectors = positions == null && VectorMode.VECTORS && values.isNative();
    if (!(areVectors && READINESS.get())) {
      for (int start = 0; start < count; start += FusedUpdate.COLD_PART) {
        int end = Math.min(count, start + FusedUpdate.COLD_PART);
        applyScalar(values, start, end, positions, from, tally);
      }
      return;
    }
    for (int i = 0; i < count; ) {
      long row = (from + i) / rowLength;
      float[] ofRows = rowScales;
      int end = ofRows == null ? count : (int) Math.min(count, (row + 1) * rowLength - from);
      int vectors = end - (end - i) % GradientOpVector.LENGTH;
      float rowScale = ofRows == null ? 1 : ofRows[(int) row];
      GradientOpVector.apply(values, i, vectors, rowScale, this, tally);
      applyScalar(values, vectors, end, null, from, tally); // the tail is the specification
      i = end;
    }
  }

  private static Runnable exercise() {
    MemorySegment values = WarmLoop.scratch().gradient;
    var keeping = new GradientOp(/* keepsNonFinite= */ true);
    var other = new GradientOp(/* keepsNonFinite= */ false);
    var tally = new UpdateTally();
    return () -> {
      GradientOpVector.apply(values, 0, Readiness.ELEMENTS / 2, 1, keeping, tally);
      GradientOpVector.apply(values, 0, Readiness.ELEMENTS / 2, 1, other, tally);
    };
  }

  private void applyScalar(
      MemorySegment values,
      int start,
      int end,
      long @Nullable [] positions,
      long from,
      UpdateTally tally) {
    for (int i = start; i < end; i++) {
      long at = (long) i * Float.BYTES;
      float value = values.get(JAVA_FLOAT_UNALIGNED, at);
      if (keepsNonFinite && !Float.isFinite(value)) {
        continue;
      }
      value *= scale;
      if (rowScales != null) {
        value *= rowScales[(int) ((positions == null ? from + i : positions[i]) / rowLength)];
      }
      if (Math.abs(value) > clipAbove) {
        value = value / divisor * to;
        tally.lowered++;
      }
      if (Math.abs(value) > limit) {
        value = Math.copySign(limit, value);
        tally.clamped++;
      }
      values.set(JAVA_FLOAT_UNALIGNED, at, value);
    }
  }
}
