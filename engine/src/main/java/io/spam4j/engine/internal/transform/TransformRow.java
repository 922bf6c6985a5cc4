package io.spam4j.engine.internal.transform;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.spam4j.engine.device.DeviceTables;
import java.lang.foreign.MemorySegment;

/** Writes rows of {@link DeviceTables#TRANSFORM}. */
public final class TransformRow {
  // Types of transforms.
  static final int GLOBAL_NORM = 1;
  static final int ZCLIP = 2;
  static final int ADA_CLIP = 3;
  static final int ADA_GN = 4;

  // Flags of transforms.
  static final int SHARED_COUNTER = 1;
  static final int COUNTS_ZERO_NORMS = 2;
  static final int POISONS = 4;

  private static final long PLACE_AT = 4;
  private static final long FLAGS_AT = 8;
  private static final long NUMBERS_AT = 16;

  private TransformRow() {}

  /** A row of {@link DeviceTables#TRANSFORM}, for place 0. */
  static void put(MemorySegment row, int type, int flags, double... numbers) {
    row.fill((byte) 0);
    row.set(JAVA_INT_UNALIGNED, 0, type);
    row.set(JAVA_INT_UNALIGNED, FLAGS_AT, flags);
    for (int i = 0; i < numbers.length; i++) {
      row.set(JAVA_DOUBLE_UNALIGNED, NUMBERS_AT + (long) i * Double.BYTES, numbers[i]);
    }
  }

  /** Adds to a row of {@link DeviceTables#TRANSFORM} what does not depend on its type. */
  public static void place(MemorySegment row, FusedPlace place, boolean poisons) {
    int flags = row.get(JAVA_INT_UNALIGNED, FLAGS_AT) | (poisons ? POISONS : 0);
    row.set(JAVA_INT_UNALIGNED, PLACE_AT, place.number());
    row.set(JAVA_INT_UNALIGNED, FLAGS_AT, flags);
  }
}
