package io.spam4j.engine.kernel;

import io.spam4j.tensors.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/**
 * Packs the selected of consecutive elements by the bits of a selection, and spreads them again:
 * faster than element by element where at least one in about sixteen is selected.
 */
public final class Selected {
  private Selected() {}

  /** Whether that can be done with memory of such kinds. */
  public static boolean canPack(MemorySegment one, MemorySegment other) {
    return VectorMode.VECTORS && one.isNative() && other.isNative();
  }

  /**
   * Packs the selected of the elements {@code [from, to)}.
   *
   * @param bits of all elements, 0 for the selected ones, in 64-bit words from the lowest bit on
   * @param all float32 elements of the tensor
   * @param packed receives them, from float 0 on
   * @param room floats of {@code packed}
   * @return how many there are
   */
  public static int gather(
      MemorySegment bits, long from, long to, MemorySegment all, MemorySegment packed, int room) {
    return SelectedVector.gather(bits, from, to, all, packed, room);
  }

  /**
   * Puts packed elements back to where {@link #gather} found them; the others keep their bits.
   *
   * @param count floats in {@code packed}
   */
  public static void scatter(
      MemorySegment bits, long from, long to, MemorySegment packed, MemorySegment all, int count) {
    SelectedVector.scatter(bits, from, to, packed, all, count);
  }
}
