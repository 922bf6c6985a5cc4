package io.spam4j.engine.internal.transform;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.spam4j.engine.device.DeviceTables;
import java.lang.foreign.MemorySegment;

/** Writes rows of {@link DeviceTables#TRANSFORM_ROW}. */
public final class TransformRow {
  private static final long TYPE = offset("type");
  private static final long PLACE = offset("place");
  private static final long FLAGS = offset("flags");
  private static final long NUMBERS = offset("numbers");

  private TransformRow() {}

  private static long offset(String field) {
    return DeviceTables.TRANSFORM_ROW.byteOffset(groupElement(field));
  }

  /** A row for the first place. */
  static void put(MemorySegment row, int type, int flags, double... numbers) {
    row.fill((byte) 0);
    row.set(JAVA_INT_UNALIGNED, TYPE, type);
    row.set(JAVA_INT_UNALIGNED, FLAGS, flags);
    for (int i = 0; i < numbers.length; i++) {
      row.set(JAVA_DOUBLE_UNALIGNED, NUMBERS + (long) i * Double.BYTES, numbers[i]);
    }
  }

  /** Adds to a row what does not depend on its type. */
  public static void place(MemorySegment row, FusedPlace place, boolean poisons) {
    int flags = row.get(JAVA_INT_UNALIGNED, FLAGS) | (poisons ? DeviceTables.POISONS : 0);
    row.set(JAVA_INT_UNALIGNED, PLACE, place.number());
    row.set(JAVA_INT_UNALIGNED, FLAGS, flags);
  }
}
