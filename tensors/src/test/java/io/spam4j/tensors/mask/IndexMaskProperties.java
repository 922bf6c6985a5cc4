package io.spam4j.tensors.mask;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.tensors.Philox;
import it.unimi.dsi.fastutil.BigArrays;
import it.unimi.dsi.fastutil.longs.LongBigArrayBigList;
import it.unimi.dsi.fastutil.longs.LongBigList;
import it.unimi.dsi.fastutil.longs.LongIterators;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** What holds for every selection. */
final class IndexMaskProperties {
  private static final long[] GAPS = {
    0, 0, 0, 1, 2, 13, 14, 15, 16, 30, 240, 254, 255, 256, 510, 60_000, 65_534, 65_535, 65_536,
    2_000_000
  };

  /** Clusters of like gaps, so that every width is the best one of some. */
  @Property(tries = 150, seed = "20261201")
  void of_givesThePositionsBackInTheFewestBytes(
      @ForAll long seed, @ForAll @IntRange(max = 5000) int count) {
    long[] positions = draw(seed, count);
    long next = end(positions);
    try (var arena = Arena.ofConfined()) {
      IndexMask mask = IndexMask.of(arena, next, positions);

      assertThat(Arrays.mismatch(mask.toArray(), positions)).isEqualTo(-1);
      assertThat(mask.bytes()).isEqualTo(IndexMaskTest.leastBytes(positions));
      IndexMask restored = IndexMask.restore(arena, next, count, mask.width(), mask.data());
      assertThat(restored.hasSameSelection(mask)).isTrue();
      assertThat(Arrays.mismatch(restored.toArray(), positions)).isEqualTo(-1);
    }
  }

  /** Up to two parts and a half of what is gathered from an iterator. */
  @Property(tries = 60, seed = "20261203")
  void of_iteratorsAndBigLists_giveTheMaskOfTheArray(
      @ForAll long seed, @ForAll @IntRange(max = 5 * MaskParts.PART / 2) int count) {
    long[] positions = draw(seed, count);
    long elements = end(positions) + (seed & 3);
    try (var arena = Arena.ofConfined()) {
      IndexMask mask = IndexMask.of(arena, elements, positions);

      IndexMask ofIterator = IndexMask.of(arena, elements, LongIterators.wrap(positions));
      LongBigList list = LongBigArrayBigList.wrap(BigArrays.wrap(positions));
      IndexMask ofList = IndexMask.of(arena, elements, list);

      for (IndexMask other : new IndexMask[] {ofIterator, ofList}) {
        assertThat(other.hasSameSelection(mask)).isTrue();
        assertThat(other.bytes()).isEqualTo(mask.bytes());
        assertThat(Arrays.mismatch(other.toArray(), positions)).isEqualTo(-1);
      }
      long[] read = LongIterators.unwrap(ofIterator.positions());
      assertThat(Arrays.mismatch(read, positions)).isEqualTo(-1);
    }
  }

  /** As many positions of clusters of like gaps. */
  private static long[] draw(long seed, int count) {
    var random = new SplittableRandom(seed);
    long[] positions = new long[count];
    long next = 0;
    int kinds = 1 + random.nextInt(GAPS.length);
    long gap = 0;
    for (int i = 0; i < count; i++) {
      if (random.nextInt(20) == 0) {
        gap = GAPS[random.nextInt(kinds)];
      }
      positions[i] = next + (random.nextInt(10) == 0 ? random.nextInt(300) : gap);
      next = positions[i] + 1;
    }
    return positions;
  }

  private static long end(long[] positions) {
    return positions.length == 0 ? 0 : positions[positions.length - 1] + 1;
  }

  /** M3 of the specification: exactly the count that was asked for, in every interval. */
  @Property(tries = 300, seed = "20261202")
  void random_selectsExactlyTheCount(
      @ForAll @IntRange(max = 20_000) int elements,
      @ForAll @IntRange(max = 20_000) int limit,
      @ForAll long seed,
      @ForAll @LongRange(min = 0) long interval) {
    int count = Math.min(limit, elements);
    try (var arena = Arena.ofConfined()) {
      IndexMask mask = IndexMask.random(arena, elements, count, Philox.stream(seed, "w", interval));

      assertThat(mask.elements()).isEqualTo(elements);
      assertThat(mask.count()).isEqualTo(count);
      long[] positions = mask.toArray();
      assertThat(Arrays.stream(positions).distinct().count()).isEqualTo(count);
      // What refuses positions that do not ascend or are out of range.
      assertThat(IndexMask.of(arena, elements, positions).hasSameSelection(mask)).isTrue();
    }
  }
}
