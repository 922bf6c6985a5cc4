package io.spam4j.engine.internal.small;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where the streams of tensors lie, all float32 outside the heap, and what is counted of them: flat
 * arrays by their numbers, because objects of a tensor each that are read once a step come from
 * memory.
 */
public final class SmallTensors {
  /** Read and written. */
  public final MemorySegment[] weights;

  /** Read only; null where there is none that a loop can take. */
  public final @Nullable MemorySegment[] gradients;

  /** The memory of all moments, read and written. */
  final MemorySegment moments;

  /** Where in it the first moments of each begin, bytes. */
  public final long[] first;

  /** The same of the second. */
  public final long[] second;

  /** Of each tensor; 0 where no loop can take it. */
  public final int[] elements;

  final TensorCounts counts;

  /**
   * Tensors that no loop can take yet.
   *
   * @param moments the memory of all
   */
  public SmallTensors(int tensors, MemorySegment moments, TensorCounts counts) {
    weights = new MemorySegment[tensors];
    Arrays.fill(weights, MemorySegment.NULL);
    gradients = new MemorySegment[tensors];
    first = new long[tensors];
    second = new long[tensors];
    elements = new int[tensors];
    this.moments = moments;
    this.counts = counts;
  }
}
