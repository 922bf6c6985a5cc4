package io.spam4j.engine.kernel;

import io.spam4j.tensors.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/**
 * Packs the selected of consecutive elements by the bits of a selection, and spreads them again:
 * faster than element by element where at least one in about sixteen is selected.
 */
public final class Selected {
  /** Packing writes whole vectors: up to this many bytes behind the last element. */
  public static final int SLACK_BYTES = 64;

  private Selected() {}

  /** Whether that can be done with memory of such kinds. */
  public static boolean canPack(MemorySegment one, MemorySegment other) {
    return VectorMode.VECTORS && one.isNative() && other.isNative();
  }

  /**
   * Packs weights and gradients of the selected of the elements {@code [start, end)}.
   *
   * @param from has weights and gradient of the whole tensor, not shifted
   * @param to receives weights and gradients of the selected elements, from float 0 on, and has
   *     {@link #SLACK_BYTES} behind each
   * @param bits of all elements, 0 for the selected ones, in 64-bit words from the lowest bit on
   * @return how many there are
   */
  public static int gather(Operands from, Operands to, MemorySegment bits, long start, long end) {
    return SelectedVector.gather(from, to, bits, start, end);
  }

  /**
   * Puts packed elements back to where {@link #gather} found them. The others keep their bits, but
   * nobody else may write them meanwhile.
   */
  public static void scatter(
      MemorySegment bits, long from, long to, MemorySegment packed, MemorySegment all) {
    SelectedVector.scatter(bits, from, to, packed, all);
  }
}
