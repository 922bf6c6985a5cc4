package io.spam4j.tensors.mask;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.Objects;

/** What masks ask of those who make and read them. */
final class MaskChecks {
  private MaskChecks() {}

  static void requireElements(long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException("elements must not be negative: elements=" + elements);
    }
  }

  static void requireCount(long count, long elements) {
    if (count < 0 || count > elements) {
      throw new IllegalArgumentException(
          "count must be in [0, elements]: count=%d, elements=%d".formatted(count, elements));
    }
  }

  static void requireF32(Tensor values) {
    Objects.requireNonNull(values, "values must not be null");
    if (values.dtype() != DType.F32) {
      throw new IllegalArgumentException("tensor must be F32: dtype=" + values.dtype());
    }
  }

  static void requireNext(long index, long position, long previous, long elements) {
    if (position < 0 || position >= elements) {
      throw new IllegalArgumentException(
          "position must be in [0, elements): index=%d, position=%d, elements=%d"
              .formatted(index, position, elements));
    }
    if (position <= previous) {
      throw new IllegalArgumentException(
          "positions must ascend: index=%d, position=%d, previous=%d"
              .formatted(index, position, previous));
    }
  }

  static void requireBlock(boolean isBelowEnd, String range, long block, long blocks) {
    if (block < 0 || !isBelowEnd) {
      throw new IndexOutOfBoundsException(
          "block must be in %s: block=%d, blocks=%d".formatted(range, block, blocks));
    }
  }

  static void requireArray(long count) {
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException("selection must fit an array: count=" + count);
    }
  }

  static void requireSame(long ofA, long ofB) {
    if (ofA != ofB) {
      throw new IllegalArgumentException(
          "masks must be of as many elements: a=%d, b=%d".formatted(ofA, ofB));
    }
  }

  static void requireRoom(long[] positions, int size) {
    if (positions.length < size) {
      throw new IllegalArgumentException(
          "positions must hold a block: length=%d, selected=%d".formatted(positions.length, size));
    }
  }

  /** Refuses what is not whole lines of a tensor, selected one by one. */
  static void requireLines(IndexMask lines, int length, long elements) {
    Objects.requireNonNull(lines, "lines must not be null");
    requireElements(elements);
    requireLength(length);
    if (lines.lineLength() != 1 || lines.elements() != LinePositions.lines(elements, length)) {
      throw new IllegalArgumentException(
          "lines must be selected one by one, of as many as the elements make: lines=%s, lineLength=%d, elements=%d"
              .formatted(lines, length, elements));
    }
  }

  static void requireLength(int length) {
    if (Integer.bitCount(length) != 1
        || length < IndexMask.SHORTEST_LINE
        || length > IndexMask.LONGEST_LINE) {
      throw new IllegalArgumentException(
          "lineLength must be a power of two in [%d, %d]: lineLength=%d"
              .formatted(IndexMask.SHORTEST_LINE, IndexMask.LONGEST_LINE, length));
    }
  }
}
