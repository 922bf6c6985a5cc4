package io.spam4j.tensors.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.Philox;
import java.lang.foreign.Arena;
import java.util.BitSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RandomMaskTest {
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  private IndexMask draw(long elements, long count, long seed, String name, long interval) {
    return IndexMask.random(arena, elements, count, Philox.stream(seed, name, interval));
  }

  /** From a second implementation, in Python: a change here changes every seeded run. */
  @ParameterizedTest
  @CsvSource({
    "1000, 100, 42, layers.0.q, 3, 0, 998, 8841729991374661470",
    "70000, 150, -1, größe, 1099511627776, 52, 69097, -565015839621899352",
    "40000, 21000, 7, w, 0, 1, 39999, -7535634035140185312",
    "100, 99, 1, '', 0, 0, 99, 7960925391656642866",
    "40000, 9999, 5, a, 1, 6, 39986, -663410437827653151"
  })
  void random_masksNeverChange(
      long elements,
      int count,
      long seed,
      String name,
      long interval,
      long first,
      long last,
      long hash) {
    long[] positions = draw(elements, count, seed, name, interval).toArray();

    assertThat(positions).hasSize(count).startsWith(first).endsWith(last);
    long actual = 0;
    for (long position : positions) {
      actual = actual * 31 + position;
    }
    assertThat(actual).isEqualTo(hash);
  }

  /** M6 of the specification: a function of seed, name and interval, and of nothing else. */
  @ParameterizedTest
  @ValueSource(doubles = {0.003, 0.02, 0.12, 0.7})
  void random_doesNotDependOnThreads(double density) {
    long elements = 600_003;
    long count = (long) (density * elements);
    Philox stream = Philox.stream(5, "layers.3.up", 12);
    IndexMask mask = IndexMask.random(arena, elements, count, stream);

    for (Parallel parallel : new Parallel[] {Threads.BACKWARD, Threads.THREE}) {
      IndexMask other = IndexMask.random(arena, elements, count, stream, parallel);
      assertThat(other.hasSameSelection(mask)).isTrue();
      assertThat(other.toArray()).isEqualTo(mask.toArray());
    }
    // The other way to encode agrees, in every block.
    IndexMask again = IndexMask.of(arena, elements, mask.toArray());
    assertThat(again.hasSameSelection(mask)).isTrue();
    assertThat(again.toArray()).isEqualTo(mask.toArray());
    assertThat(mask.count()).isEqualTo(count);
    assertThat(mask.bytes()).isEqualTo(IndexMaskTest.leastBytes(mask.toArray()));
  }

  /** M6: another interval, name or seed is another mask. */
  @Test
  void random_everyArgumentMatters() {
    IndexMask mask = draw(10_000, 2_500, 1, "a", 0);

    assertThat(draw(10_000, 2_500, 1, "a", 0).hasSameSelection(mask)).isTrue();
    for (IndexMask other :
        new IndexMask[] {
          draw(10_000, 2_500, 1, "a", 1),
          draw(10_000, 2_500, 1, "b", 0),
          draw(10_000, 2_500, 2, "a", 0)
        }) {
      long[] common = {0};
      IndexMask.forEachCommon(mask, other, (_, _) -> common[0]++);
      // Hypergeometric: mean 625, standard deviation 18.8.
      assertThat(common[0]).isBetween(531L, 719L);
    }
  }

  /** All 210 ways to choose 4 of 10 are equally likely: chi-square with 209 degrees of freedom. */
  @ParameterizedTest
  @ValueSource(ints = {4, 6})
  void random_everySubsetEquallyOften(int count) {
    int draws = 10_500;
    int[] counts = new int[1 << 10];
    for (int i = 0; i < draws; i++) {
      try (var own = Arena.ofConfined()) {
        int subset = 0;
        for (long position :
            IndexMask.random(own, 10, count, Philox.stream(9, "subsets", i)).toArray()) {
          subset |= 1 << position;
        }
        counts[subset]++;
      }
    }
    double chiSquare = 0;
    for (int subset = 0; subset < counts.length; subset++) {
      if (Integer.bitCount(subset) == count) {
        chiSquare += Math.pow(counts[subset] - draws / 210.0, 2) / (draws / 210.0);
      }
    }
    assertThat(chiSquare).isBetween(209 - 5 * Math.sqrt(418), 209 + 5 * Math.sqrt(418));
  }

  /** Every element and every pair of them is as likely as another, over the border of words. */
  @ParameterizedTest
  @CsvSource({"150, 37", "150, 1", "150, 3", "150, 75", "150, 120"})
  void random_everyElementAndPairEquallyOften(int elements, int count) {
    int draws = 3_000;
    int[][] together = new int[elements][elements];
    for (int i = 0; i < draws; i++) {
      try (var own = Arena.ofConfined()) {
        long[] positions =
            IndexMask.random(own, elements, count, Philox.stream(3, "pairs", i)).toArray();
        for (int a = 0; a < count; a++) {
          for (int b = 0; b <= a; b++) {
            together[(int) positions[a]][(int) positions[b]]++;
          }
        }
      }
    }
    double one = (double) count / elements;
    double two = one * (count - 1) / (elements - 1);
    double worstOne = 0;
    double worstTwo = 0;
    for (int a = 0; a < elements; a++) {
      for (int b = 0; b < a; b++) {
        worstTwo = Math.max(worstTwo, deviation(together[a][b], draws, two));
      }
      worstOne = Math.max(worstOne, deviation(together[a][a], draws, one));
    }
    // Standard deviations; the largest of 150 and of 11175 is expected at 2.7 and 3.9.
    assertThat(worstOne).isLessThan(4.5);
    assertThat(worstTwo).isLessThan(two * draws < 30 ? 8 : 5.5);
  }

  private static double deviation(int count, int draws, double probability) {
    double variance = draws * probability * (1 - probability);
    return variance == 0 ? count : Math.abs(count - draws * probability) / Math.sqrt(variance);
  }

  /** Words from the two halves of a block, from neighbouring blocks and slices have no relation. */
  @ParameterizedTest
  @ValueSource(ints = {1, 64, 256 * 64, 512 * 64, 4096 * 64})
  void random_elementsApartHaveNoRelation(int distance) {
    int elements = 1 << 19;
    BitSet selected = new BitSet(elements);
    for (long position : draw(elements, elements / 4, 11, "apart", 0).toArray()) {
      selected.set((int) position);
    }
    int both = 0;
    for (int i = 0; i < elements - distance; i++) {
      both += selected.get(i) && selected.get(i + distance) ? 1 : 0;
    }
    double pairs = elements - distance;
    double deviation = Math.sqrt(pairs * (1 / 16.0) * (15 / 16.0));
    assertThat((double) both).isCloseTo(pairs / 16, within(4 * deviation));
  }

  /** M8 of the specification: after q intervals (1 - d)^q of the elements were never selected. */
  @ParameterizedTest
  @CsvSource({"0.0025, 100", "0.1, 20", "0.25, 8", "0.5, 4"})
  void random_coverage(double density, int intervals) {
    int elements = 100_000;
    var touched = new BitSet(elements);
    for (int interval = 0; interval < intervals; interval++) {
      for (long position :
          draw(elements, (long) (density * elements), 1, "coverage", interval).toArray()) {
        touched.set((int) position);
      }
    }
    double expected = Math.pow(1 - density, intervals);
    double deviation = Math.sqrt(expected * (1 - expected) / elements);
    assertThat(1 - touched.cardinality() / (double) elements)
        .isCloseTo(expected, within(4 * deviation));
  }

  @ParameterizedTest
  @CsvSource({
    "4000000, 0.0001, 2.1",
    "4000000, 0.001, 2.1",
    "4000000, 0.0025, 2.1",
    "4000000, 0.005, 2.1",
    "4000000, 0.01, 1.1",
    "2000000, 0.02, 1.1",
    "2000000, 0.03, 1.1",
    "1000000, 0.05, 1.1",
    "1000000, 0.1, 1.1",
    "1000000, 0.125, 0.99",
    "1000000, 0.25, 0.99",
    "1000000, 0.5, 0.99",
    "1000000, 0.9, 0.99",
    "1000000, 1, 0.99"
  })
  void random_bytesOfASelectedElement(long elements, double density, double bound) {
    long count = (long) (elements * density);
    IndexMask mask = draw(elements, count, 2, "bytes", 0);
    assertThat(mask.bytes() / (double) count).isLessThanOrEqualTo(bound);
  }

  @Test
  void random_noneAndAll() {
    for (long elements : new long[] {0, 1, 64, 65, 300_000}) {
      assertThat(draw(elements, 0, 1, "", 0).count()).isZero();
      IndexMask all = draw(elements, elements, 1, "", 0);
      assertThat(all.count()).isEqualTo(elements);
      assertThat(all.bytes()).isEqualTo(IndexMaskTest.leastBytes(all.toArray()));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 0, elements must not be negative: elements=-1",
    "5, -1, 'count must be in [0, elements]: count=-1, elements=5'",
    "5, 6, 'count must be in [0, elements]: count=6, elements=5'"
  })
  void random_refuses(long elements, long count, String message) {
    assertThatThrownBy(() -> draw(elements, count, 1, "", 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
