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

  /** The largest second moments so far, where the update divides by them; read and written. */
  MemorySegment largest = MemorySegment.NULL;

  /** The grids of the blocks, if moments are codes of 8 bits; read and written. */
  public MemorySegment grids = MemorySegment.NULL;

  /** Room for the first moments of a block of codes, as float32. */
  public MemorySegment blockOfFirst = MemorySegment.NULL;

  /** The same for the roots of the second. */
  public MemorySegment blockOfRoots = MemorySegment.NULL;

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
