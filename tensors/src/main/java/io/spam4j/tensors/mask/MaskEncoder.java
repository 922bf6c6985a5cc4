package io.spam4j.tensors.mask;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Encodes a selection in the width that takes the fewest bytes. */
final class MaskEncoder {
  private MaskEncoder() {}

  /** Encodes the first {@code length} positions of an array, which ascend. */
  static IndexMask encode(Arena arena, long elements, long[] positions, int length) {
    return encode(arena, elements, sink -> forEach(positions, length, sink));
  }

  /** Encodes positions that were gathered. */
  static IndexMask encode(Arena arena, long elements, MaskParts positions) {
    return encode(arena, elements, positions::forEach);
  }

  /** Encodes gaps, which are asked for twice. */
  private static IndexMask encode(Arena arena, long elements, Consumer<GapSink> gaps) {
    var cost = new GapCost();
    gaps.accept(cost);
    int width = cost.bestWidth();
    if (width == 1) {
      try (var temporary = Arena.ofConfined()) {
        Bitmap bitmap = Bitmap.allocate(temporary, cost.symbols(1));
        gaps.accept(bitmap.setter());
        return encode(arena, elements, bitmap, Parallel.SEQUENTIAL);
      }
    }
    long symbols = cost.symbols(width);
    MemorySegment data = allocate(arena, GapCodec.dataBytes(symbols, width));
    MemorySegment directory = allocate(arena, GapCodec.directoryBytes(cost.count()));
    var writer = new GapWriter(data, directory, width, 0, -1, 0);
    gaps.accept(writer);
    writer.finish();
    GapCodec.pad(data, symbols * width);
    return new IndexMask(elements, cost.count(), width, data, directory);
  }

  /** Gives the gaps before the first {@code length} positions of an array to {@code sink}. */
  static void forEach(long[] positions, int length, GapSink sink) {
    long[] gaps = new long[IndexMask.BLOCK];
    long next = 0;
    for (int from = 0; from < length; from += gaps.length) {
      int count = Math.min(gaps.length, length - from);
      for (int i = 0; i < count; i++) {
        gaps[i] = positions[from + i] - next;
        next = positions[from + i] + 1;
      }
      sink.accept(gaps, count);
    }
  }

  /** Encodes the set bits of a bitmap, chunk by chunk. */
  static IndexMask encode(Arena arena, long elements, Bitmap bitmap, Parallel parallel) {
    int chunks = bitmap.chunks();
    long[] ranks = new long[chunks];
    long[] previous = new long[chunks];
    parallel.run(
        chunks,
        chunk -> {
          long[] words = bitmap.chunk(chunk);
          ranks[chunk] = Bitmap.count(words);
          long lastHere = Bitmap.last(words);
          previous[chunk] = lastHere < 0 ? -1 : Bitmap.from(chunk) * Long.SIZE + lastHere;
        });
    long count = 0;
    long last = -1;
    for (int chunk = 0; chunk < chunks; chunk++) {
      long selected = ranks[chunk];
      ranks[chunk] = count;
      count += selected;
      long lastHere = previous[chunk];
      previous[chunk] = last;
      last = Math.max(last, lastHere);
    }
    MemorySegment directory = allocate(arena, GapCodec.directoryBytes(count));

    long[] symbols = new long[chunks];
    // Four bits for each position are the least that another width can do.
    int width = last + 1 <= 4 * count ? 1 : count(bitmap, previous, symbols, parallel);
    if (width == 1) {
      MemorySegment data = allocate(arena, GapCodec.dataBytes(last + 1, 1));
      parallel.run(chunks, chunk -> copy(bitmap, chunk, data, directory, ranks[chunk]));
      return new IndexMask(elements, count, 1, data, directory);
    }
    long total = 0;
    for (int chunk = 0; chunk < chunks; chunk++) {
      long own = symbols[chunk];
      symbols[chunk] = total;
      total += own;
    }
    MemorySegment data = allocate(arena, GapCodec.dataBytes(total, width));
    parallel.run(
        chunks,
        chunk -> {
          var writer =
              new GapWriter(data, directory, width, ranks[chunk], previous[chunk], symbols[chunk]);
          bitmap.forEach(chunk, previous[chunk], writer);
          writer.finish();
        });
    GapCodec.pad(data, total * width);
    return new IndexMask(elements, count, width, data, directory);
  }

  /** Aligned to 64 bits at least, and in large pages if it is large. */
  static MemorySegment allocate(Arena arena, long bytes) {
    return Tensor.allocate(arena, DType.I8, bytes).memory();
  }

  /** Finds the best width and the symbols that each chunk takes in it. */
  private static int count(Bitmap bitmap, long[] previous, long[] symbols, Parallel parallel) {
    GapCost[] costs = new GapCost[symbols.length];
    parallel.run(
        costs.length,
        chunk -> {
          costs[chunk] = new GapCost();
          bitmap.forEach(chunk, previous[chunk], costs[chunk]);
        });
    var cost = new GapCost();
    for (GapCost chunk : costs) {
      cost.add(chunk);
    }
    int width = cost.bestWidth();
    for (int chunk = 0; chunk < costs.length; chunk++) {
      symbols[chunk] = costs[chunk].symbols(width);
    }
    return width;
  }

  /** Writes a chunk of a mask of width 1, where data are the bitmap with its bits inverted. */
  private static void copy(
      Bitmap bitmap, int chunk, MemorySegment data, MemorySegment directory, long firstRank) {
    long[] words = bitmap.chunk(chunk);
    long rank = firstRank;
    for (int i = 0; i < words.length; i++) {
      long word = words[i];
      words[i] = ~word;
      long next = rank + Long.bitCount(word);
      long block = next / IndexMask.BLOCK;
      if (block != rank / IndexMask.BLOCK) {
        int nth = (int) (block * IndexMask.BLOCK - rank) - 1;
        int bit = Long.numberOfTrailingZeros(Long.expand(1L << nth, word));
        long before = (Bitmap.from(chunk) + i) * Long.SIZE + bit;
        GapCodec.enter(directory, block, before, before + 1);
      }
      rank = next;
    }
    // The bitmap goes on to the end of the tensor, the data to the last position only.
    long offset = Bitmap.from(chunk) * Long.BYTES;
    int count = (int) Math.clamp((data.byteSize() - offset) / Long.BYTES, 0L, (long) words.length);
    if (count > 0) {
      MemorySegment.copy(words, 0, data, GapCodec.WORD, offset, count);
    }
  }
}
