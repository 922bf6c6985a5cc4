package io.spam4j.tensors.mask;

/** The positions of selected elements that are whole lines, from the numbers of the lines. */
final class LinePositions {
  /* A block of elements is a part of a block of lines, so all of its lines have one directory entry;
   * with lines longer than a block it is a part of a line. */

  private LinePositions() {}

  /** How many lines there are; the last may be shorter. */
  static long lines(long elements, int length) {
    return elements / length + (elements % length == 0 ? 0 : 1);
  }

  /** How many elements the selected lines have. */
  static long count(IndexMask lines, int length, long elements) {
    if (lines.count() == 0) {
      return 0;
    }
    long rest = elements % length;
    boolean endsShort = rest != 0 && number(lines, lines.count() - 1) == lines.elements() - 1;
    return lines.count() * length - (endsShort ? length - rest : 0);
  }

  /** The number of the line of the selected element {@code rank}. */
  private static long number(IndexMask lines, long rank) {
    long[] one = new long[1];
    lines.decodeSome(rank, one, 1);
    return one[0];
  }

  /** Where the selected element {@code rank} lies. */
  static long position(IndexMask lines, int length, long rank) {
    return number(lines, rank / length) * length + rank % length;
  }

  /** Decodes {@code count} selected elements from {@code rank} on, which begins a block. */
  static void decode(IndexMask lines, int length, long rank, long[] positions, int count) {
    int inLine = (int) (rank % length);
    int some = (inLine + count - 1) / length + 1;
    lines.decodeSome(rank / length, positions, some);
    // From the last line on: a line's number lies before its elements, or is the first of them.
    for (int k = some - 1; k >= 0; k--) {
      long start = positions[k] * length;
      int first = k * length - inLine; // below 0 where the block begins inside of the line
      int end = Math.min(count, first + length);
      for (int i = Math.max(0, first); i < end; i++) {
        positions[i] = start + (i - first);
      }
    }
  }
}
