package io.spam4j.tensors.mask;

import it.unimi.dsi.fastutil.longs.LongArrayList;
import it.unimi.dsi.fastutil.longs.LongIterator;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Ascending positions that are known only one after the other. Until the last one is known, and so
 * the width that is best for all, they are kept as masks of a part of the tensor each.
 */
final class MaskParts {
  /*
   * A part takes hardly more than its share of the mask in the end, where positions as they come
   * would take 8 bytes each.
   */

  /** Selected elements a part: whole blocks. */
  static final int PART = 64 * IndexMask.BLOCK;

  private final Arena arena;
  private final List<IndexMask> parts = new ArrayList<>();

  /** Positions of the last part, counted from its start. */
  private final LongArrayList last = new LongArrayList();

  private long start;

  /**
   * No positions.
   *
   * @param arena owns the memory of the parts
   */
  private MaskParts(Arena arena) {
    this.arena = arena;
  }

  /** Encodes positions that an iterator gives, each of which is checked. */
  static IndexMask encode(Arena arena, long elements, LongIterator positions) {
    try (var temporary = Arena.ofConfined()) {
      var parts = new MaskParts(temporary);
      long previous = -1;
      for (long i = 0; positions.hasNext(); i++) {
        long position = positions.nextLong();
        MaskChecks.requireNext(i, position, previous, elements);
        parts.add(position);
        previous = position;
      }
      return MaskEncoder.encode(arena, elements, parts);
    }
  }

  /** Adds a position larger than all before. */
  private void add(long position) {
    if (last.size() == PART) {
      long length = last.getLong(PART - 1) + 1;
      parts.add(MaskEncoder.encode(arena, length, last.elements(), PART));
      start += length;
      last.clear();
    }
    last.add(position - start);
  }

  /** Gives the gaps before all positions to {@code sink}. */
  void forEach(GapSink sink) {
    long[] gaps = new long[IndexMask.BLOCK];
    for (IndexMask part : parts) {
      for (long block = 0; block < part.blocks(); block++) {
        int size = part.decode(block, gaps);
        long next = part.start(block);
        for (int i = 0; i < size; i++) {
          long position = gaps[i];
          gaps[i] = position - next;
          next = position + 1;
        }
        sink.accept(gaps, size);
      }
    }
    MaskEncoder.forEach(last.elements(), last.size(), sink);
  }
}
