package io.spam4j.engine.internal.measure;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Sums of parts that threads fill in any order, off the heap, so that they can be added in one
 * order.
 */
public final class PartialSums {
  private static final long SLOT_BYTES = Double.BYTES + Long.BYTES;

  private final MemorySegment slots;

  public PartialSums(Arena arena, long count) {
    slots = arena.allocate(bytes(count), 8);
  }

  /** The bytes that so many sums take. */
  public static long bytes(long count) {
    return count * SLOT_BYTES;
  }

  public void set(long slot, double sum, long count) {
    slots.set(JAVA_DOUBLE_UNALIGNED, slot * SLOT_BYTES, sum);
    slots.set(JAVA_LONG_UNALIGNED, slot * SLOT_BYTES + Double.BYTES, count);
  }

  /**
   * Adds {@code count} slots to as many others, the first of each given.
   *
   * @return the slot behind those that were added
   */
  public long addAll(long slot, long count, long to) {
    for (long i = 0; i < count; i++) {
      long at = (slot + i) * SLOT_BYTES;
      long toAt = (to + i) * SLOT_BYTES;
      double sum = slots.get(JAVA_DOUBLE_UNALIGNED, toAt) + slots.get(JAVA_DOUBLE_UNALIGNED, at);
      long terms =
          slots.get(JAVA_LONG_UNALIGNED, toAt + Double.BYTES)
              + slots.get(JAVA_LONG_UNALIGNED, at + Double.BYTES);
      set(to + i, sum, terms);
    }
    return slot + count;
  }

  /** Makes {@code out} the sum of {@code count} slots, {@code stride} apart, the first given. */
  public void total(long slot, long count, long stride, PartialSum out) {
    out.clear();
    for (long i = 0; i < count; i++) {
      long at = (slot + i * stride) * SLOT_BYTES;
      out.add(
          slots.get(JAVA_DOUBLE_UNALIGNED, at), slots.get(JAVA_LONG_UNALIGNED, at + Double.BYTES));
    }
  }
}
