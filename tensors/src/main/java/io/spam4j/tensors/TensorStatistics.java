package io.spam4j.tensors;

import io.spam4j.tensors.internal.simd.Measure;
import io.spam4j.tensors.internal.simd.MeasureSum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * What one pass over a tensor tells. NaN and Inf are counted and otherwise left out.
 *
 * <p>The sum of squares has a relative error of at most 1e-12, does not overflow for any finite
 * float32 input, and has the same bits at every vector width and thread count: elements are summed
 * in double in blocks of 4096 with 16 accumulators in a fixed order, 64 blocks at a time in index
 * order with compensation, and these sums again so.
 *
 * @param sumOfSquares over the finite elements
 * @param maxAbs the largest magnitude of a finite element; 0 if there is none
 * @param nonFinite how many elements are NaN or Inf
 */
public record TensorStatistics(double sumOfSquares, double maxAbs, long nonFinite) {
  /**
   * Measures a tensor on the calling thread.
   *
   * @throws IllegalArgumentException if the tensor is not {@link DType#F32}
   */
  public static TensorStatistics of(Tensor tensor) {
    Objects.requireNonNull(tensor, "tensor must not be null");
    if (tensor.dtype() != DType.F32) {
      throw new IllegalArgumentException("tensor must be F32: dtype=" + tensor.dtype());
    }
    var sum = new MeasureSum();
    try (var arena = Arena.ofConfined()) {
      MemorySegment slot = arena.allocate(Measure.SLOT_BYTES, Double.BYTES);
      MemorySegment scratch = arena.allocate(Measure.SCRATCH_BYTES, 64);
      for (long from = 0; from < tensor.elements(); from += Measure.BLOCK) {
        long to = Math.min(tensor.elements(), from + Measure.BLOCK);
        Measure.blocks(tensor.memory(), from, to, slot, 0, scratch);
        sum.add(slot, 0, 1);
      }
    }
    return new TensorStatistics(sum.sumOfSquares(), sum.maxAbs(), sum.nonFinite());
  }

  /** The Euclidean norm of the finite elements. */
  public double norm() {
    return Math.sqrt(sumOfSquares);
  }
}
