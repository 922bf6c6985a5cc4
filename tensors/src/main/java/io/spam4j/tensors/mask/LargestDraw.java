package io.spam4j.tensors.mask;

import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Magnitude;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Selects the elements of largest magnitude. */
final class LargestDraw {
  private LargestDraw() {}

  static IndexMask draw(Arena arena, Tensor tensor, long count, Parallel parallel) {
    long elements = tensor.elements();
    boolean alone = Bitmap.isSmall(elements);
    Parallel threads = alone ? Parallel.SEQUENTIAL : parallel;
    try (var temporary = alone ? Arena.ofConfined() : Arena.ofShared()) {
      Bitmap bitmap = Bitmap.allocate(temporary, elements);
      if (count > 0) {
        MemorySegment values = tensor.memory();
        var threshold = MagnitudeThreshold.find(values, elements, count, threads);
        threads.run(threshold.groups(), group -> mark(bitmap, values, threshold, group));
      }
      return MaskEncoder.encode(arena, elements, bitmap, threads);
    }
  }

  private static void mark(
      Bitmap bitmap, MemorySegment values, MagnitudeThreshold threshold, int group) {
    int least = threshold.least(group);
    long left = threshold.ties(group);
    long end = threshold.end(group);
    long[] words = new long[Bitmap.CHUNK_WORDS];
    int filled = 0;
    for (long i = threshold.start(group); i < end; i += Long.SIZE) {
      int size = (int) Math.min(Long.SIZE, end - i);
      long word = Magnitude.atLeast(values, i, size, least);
      if (left > 0) {
        long ties = Magnitude.atLeast(values, i, size, threshold.key()) & ~word;
        for (; ties != 0 && left > 0; ties &= ties - 1, left--) {
          word |= Long.lowestOneBit(ties);
        }
      }
      words[filled++] = word;
      if (filled == words.length || i + size == end) {
        bitmap.set(i / Long.SIZE + 1 - filled, words, filled);
        filled = 0;
      }
    }
  }
}
