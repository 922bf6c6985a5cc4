package io.spam4j.engine.internal.transform;

import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;

/** What a transform may know of the gradients that reach it. */
interface GradientStatistics {
  /**
   * Whether a tensor has a gradient of which anything is known: not if no coordinate is finite,
   * unless such coordinates take part in the arithmetic.
   */
  boolean isKnown(int tensor);

  /** The largest magnitude of a tensor's finite coordinates. */
  float maxAbs(int tensor);

  /** The sum of squares of the floats {@code [from, to)}; they are no gradient. */
  double sumOfSquares(MemorySegment values, long from, long to, int participant);

  /** The sum of squares of a tensor's finite coordinates. */
  double sumOfSquares(int tensor);

  /** The sum of squares of all tensors' finite coordinates. */
  double totalSumOfSquares();

  /**
   * The sum of squares of the coordinates {@code [from, to)} of a tensor, in order.
   *
   * @param gradient as it is before all transforms
   * @param onlyFinite whether those that are not finite are left out
   */
  double sumOfSquares(
      Tensor gradient, int tensor, long from, long to, boolean onlyFinite, int participant);
}
