package io.spam4j.engine.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Where the four streams of an update lie. Element {@code i} of a moment is the {@code i}-th float
 * of its segment; those of weights and gradient may lie elsewhere, because a sparse or transformed
 * piece is worked on in a copy. Mutable and reused, one a participant.
 */
public final class Operands {
  /** Weights, read and written. */
  public MemorySegment weights = MemorySegment.NULL;

  /** Gradient, read only. */
  public MemorySegment gradient = MemorySegment.NULL;

  /** First moment, read and written. */
  public MemorySegment firstMoment = MemorySegment.NULL;

  /** Second moment, read and written. */
  public MemorySegment secondMoment = MemorySegment.NULL;

  /** The weight of element {@code i} is float {@code i + weightShift} of its segment. */
  public long weightShift;

  /** The gradient of element {@code i} is float {@code i + gradientShift} of its segment. */
  public long gradientShift;

  /** Streams that nothing is shifted in. */
  public static Operands of(
      MemorySegment weights,
      MemorySegment gradient,
      MemorySegment firstMoment,
      MemorySegment secondMoment) {
    var operands = new Operands();
    operands.weights = weights;
    operands.gradient = gradient;
    operands.firstMoment = firstMoment;
    operands.secondMoment = secondMoment;
    return operands;
  }
}
