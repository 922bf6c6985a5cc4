package io.spam4j.engine.internal.kernel;

import io.spam4j.tensors.internal.simd.RoundingBits;
import java.lang.foreign.MemorySegment;

/**
 * Where the four streams of an update lie. Element {@code i} of a moment is the {@code i}-th number
 * of its segment; those of weights and gradient may lie elsewhere, because a sparse or transformed
 * piece is worked on in a copy. Mutable and reused, one a participant.
 */
public final class Operands {
  /** Weights, read and written. */
  public MemorySegment weights = MemorySegment.NULL;

  /** Gradient, read only. */
  public MemorySegment gradient = MemorySegment.NULL;

  /**
   * The lower halves of weights, of which {@link #weights} are the upper ones; read and written.
   */
  public MemorySegment weightsLow = MemorySegment.NULL;

  /** First moment, read and written. */
  public MemorySegment firstMoment = MemorySegment.NULL;

  /** Second moment, read and written. */
  public MemorySegment secondMoment = MemorySegment.NULL;

  /** The scales of the first moment's blocks, if it is codes of 8 bits; read only. */
  public MemorySegment firstScales = MemorySegment.NULL;

  /** The same of the second moment. */
  public MemorySegment secondScales = MemorySegment.NULL;

  /** Where the float32 go of which codes of the first moment are to be made; written. */
  public MemorySegment firstOut = MemorySegment.NULL;

  /** The same of the second moment. */
  public MemorySegment secondOut = MemorySegment.NULL;

  /** Element {@code i} of what is to be made codes is float {@code i + outShift}. */
  public long outShift;

  /** What weights and moments are rounded with: see {@link RoundingBits#mixedKey}. */
  public long mixedKey;

  /**
   * Whether float32 are written to {@link #weights} that are to be added to weights which lie
   * elsewhere, -0 to those that stay. Only where the coefficients allow it: see {@link
   * io.spam4j.engine.decision.UpdateCoefficients#onlyAdds}.
   */
  public boolean givesChanges;

  /** The weight of element {@code i} is number {@code i + weightShift} of its segment. */
  public long weightShift;

  /** The gradient of element {@code i} is number {@code i + gradientShift} of its segment. */
  public long gradientShift;

  /**
   * The numbers of selected lines of weights and gradients, for loops on lines: the one that the
   * moments {@code (firstLine + k) * line} and on belong to is number {@code lines[k]}.
   */
  public long[] lines = {};

  /** See {@link #lines}. */
  public long firstLine;

  /** What was read ahead of time; of no use. */
  int touched;

  /** Whether the four streams lie outside the heap. */
  boolean isNative() {
    return weights.isNative()
        && gradient.isNative()
        && firstMoment.isNative()
        && secondMoment.isNative();
  }
}
