package io.spam4j.tensors.mask;

/** Adds up what gaps cost in each width of {@link GapCodec}. */
final class GapCost implements GapSink {
  /*
   * The loop turns into vectors, where long division does not. A gap below 2^20 times 2^40 / e,
   * rounded up, and shifted down by 40 bits is exactly its quotient by an escape e: what the
   * rounding adds is less than 2^20 / 2^40, and so less than 1 / e.
   */
  private static final int SHIFT = 40;
  private static final long DIVIDES = 1L << 20;
  private static final long INVERSE_4 = (1L << SHIFT) / 15 + 1;
  private static final long INVERSE_8 = (1L << SHIFT) / 255 + 1;
  private static final long INVERSE_16 = (1L << SHIFT) / 65535 + 1;

  private long count;
  private long skipped;
  private long escapes4;
  private long escapes8;
  private long escapes16;

  @Override
  public void accept(long[] gaps, int size) {
    long any = 0;
    long sum = 0;
    long in4 = 0;
    long in8 = 0;
    long in16 = 0;
    for (int i = 0; i < size; i++) {
      long gap = gaps[i];
      any |= gap;
      sum += gap;
      in4 += (gap * INVERSE_4) >>> SHIFT;
      in8 += (gap * INVERSE_8) >>> SHIFT;
      in16 += (gap * INVERSE_16) >>> SHIFT;
    }
    if (any < DIVIDES) {
      escapes4 += in4;
      escapes8 += in8;
      escapes16 += in16;
    } else {
      for (int i = 0; i < size; i++) {
        escapes4 += gaps[i] / 15;
        escapes8 += gaps[i] / 255;
        escapes16 += gaps[i] / 65535;
      }
    }
    skipped += sum;
    count += size;
  }

  /** Adds another cost. */
  void add(GapCost other) {
    count += other.count;
    skipped += other.skipped;
    escapes4 += other.escapes4;
    escapes8 += other.escapes8;
    escapes16 += other.escapes16;
  }

  /** How many gaps there are. */
  long count() {
    return count;
  }

  /** The symbols that the gaps take. */
  long symbols(int width) {
    return switch (width) {
      case 1 -> count + skipped;
      case 4 -> count + escapes4;
      case 8 -> count + escapes8;
      case 16 -> count + escapes16;
      default -> throw new AssertionError(width);
    };
  }

  /** The width that takes the fewest bits; the narrowest of equals. */
  int bestWidth() {
    int best = 1;
    for (int width : GapCodec.WIDTHS) {
      if (symbols(width) * width < symbols(best) * best) {
        best = width;
      }
    }
    return best;
  }
}
