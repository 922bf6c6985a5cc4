package io.spam4j.tensors.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks of whole lines. */
final class LineMaskTest {
  private static final double[] DENSITIES = {0, 0.0025, 0.01, 0.05, 0.1, 0.25, 0.5, 1};

  /** The elements of some lines, one by one. */
  private static long[] positions(long[] lines, int length, long elements) {
    return Arrays.stream(lines)
        .flatMap(
            line ->
                LongStream.range(line * length, Math.min(elements, line * length + (long) length)))
        .toArray();
  }

  /** Every width of symbols, and blocks that begin in the midst of a block of lines. */
  @Property(tries = 300, seed = "20261130")
  void aMaskOfLines_answersAsOneOfItsElements(
      @ForAll long seed,
      @ForAll @IntRange(min = 3, max = 12) int log,
      @ForAll @IntRange(max = 7) int density) {
    var random = new SplittableRandom(seed);
    int length = 1 << log;
    long lines = random.nextInt(1 + (random.nextInt(4) == 0 ? 3_000_000 / length : 5000));
    long elements = Math.max(0, lines * length - random.nextInt(length));
    long selected = (long) (DENSITIES[density] * lines);
    try (var arena = Arena.ofConfined()) {
      IndexMask few = IndexMask.random(arena, lines, selected, Philox.stream(seed, "lines", 0));
      long[] expected = positions(few.toArray(), length, elements);
      IndexMask ofElements = IndexMask.of(arena, elements, expected);

      IndexMask mask = IndexMask.ofLines(few, length, elements);

      assertThat(mask.elements()).isEqualTo(elements);
      assertThat(mask.count()).isEqualTo(expected.length);
      assertThat(mask.lineLength()).isEqualTo(length);
      assertThat(mask.lines()).isSameAs(few);
      assertThat(mask.bytes()).isEqualTo(few.bytes());
      assertThat(mask.blocks()).isEqualTo(ofElements.blocks());
      assertThat(Arrays.mismatch(mask.toArray(), expected)).isEqualTo(-1);
      long[] block = new long[IndexMask.BLOCK];
      long[] other = new long[IndexMask.BLOCK];
      for (long b = mask.blocks(); b >= 0; b--) {
        assertThat(mask.start(b)).isEqualTo(ofElements.start(b));
        if (b < mask.blocks()) {
          assertThat(mask.decode(b, block)).isEqualTo(ofElements.decode(b, other));
        }
      }
      assertThat(mask.hasSameSelection(ofElements)).isTrue();
      assertThat(ofElements.hasSameSelection(mask)).isTrue();
      long[] common = new long[2];
      IndexMask.forEachCommon(
          mask,
          ofElements,
          (a, b) -> {
            common[0]++;
            common[1] += a == b ? 1 : 0;
          });
      assertThat(common).containsOnly(expected.length);
    }
  }

  @Test
  void hasSameSelection_tellsLinesApart() {
    try (var arena = Arena.ofConfined()) {
      IndexMask first = IndexMask.ofLines(IndexMask.of(arena, 4, new long[] {0, 2}), 8, 32);
      IndexMask other = IndexMask.ofLines(IndexMask.of(arena, 4, new long[] {0, 3}), 8, 32);
      IndexMask longer = IndexMask.ofLines(IndexMask.of(arena, 2, new long[] {0}), 16, 32);
      IndexMask two = IndexMask.ofLines(IndexMask.of(arena, 4, new long[] {0, 1}), 8, 32);

      assertThat(first.hasSameSelection(other)).isFalse();
      assertThat(first.hasSameSelection(longer)).isFalse();
      assertThat(two.hasSameSelection(longer)).isTrue();
      assertThat(two).hasToString("IndexMask[count=16, elements=32, bytes=8, lineLength=8]");
      assertThat(IndexMask.of(arena, 32, new long[] {0}).lines().lineLength()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 12, 0, -8, 8192, Integer.MIN_VALUE})
  void aLength_thatIsNone_isRefused(int length) {
    try (var arena = Arena.ofConfined()) {
      IndexMask lines = IndexMask.of(arena, 4, new long[0]);
      String message = "lineLength must be a power of two in [8, 4096]: lineLength=" + length;
      assertThatThrownBy(() -> IndexMask.ofLines(lines, length, 32)).hasMessage(message);
      Tensor values = Tensor.of(new float[32], 32);
      assertThatThrownBy(
              () -> IndexMask.largestLines(arena, values, length, 1, Parallel.SEQUENTIAL))
          .hasMessage(message);
    }
  }

  @Test
  void lines_ofAnotherTensor_areRefused() {
    try (var arena = Arena.ofConfined()) {
      IndexMask lines = IndexMask.of(arena, 4, new long[] {1});
      IndexMask mask = IndexMask.ofLines(lines, 8, 25);
      for (long elements : new long[] {24, 33}) {
        assertThatThrownBy(() -> IndexMask.ofLines(lines, 8, elements))
            .hasMessage(
                "lines must be selected one by one, of as many as the elements make: lines=IndexMask[count=1, elements=4, bytes=8], lineLength=8, elements="
                    + elements);
      }
      assertThatThrownBy(() -> IndexMask.ofLines(mask, 8, 200))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("lineLength=8], lineLength=8, elements=200");
      assertThatThrownBy(() -> IndexMask.ofLines(lines, 8, -1))
          .hasMessage("elements must not be negative: elements=-1");
    }
  }

  @ParameterizedTest
  @CsvSource({"8, 1000", "32, 40001", "4096, 20000", "64, 64", "64, 63"})
  void largestLines_areThoseOfLargestNorm(int length, int n) {
    var random = new SplittableRandom(length);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (random.nextDouble() - 0.5) * (1 + random.nextInt(3));
    }
    int lines = (n + length - 1) / length;
    double[] norms = new double[lines];
    for (int i = 0; i < n; i++) {
      norms[i / length] += (double) values[i] * values[i];
    }
    int count = (lines + 1) / 3;
    long[] expected =
        IntStream.range(0, lines)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -(float) Math.sqrt(norms[i])))
            .limit(count)
            .mapToLong(i -> i)
            .sorted()
            .toArray();
    try (var arena = Arena.ofConfined()) {
      IndexMask mask =
          IndexMask.largestLines(arena, Tensor.of(values, n), length, count, Parallel.SEQUENTIAL);
      assertThat(mask.lines().toArray()).isEqualTo(expected);
      assertThat(mask.toArray()).isEqualTo(positions(expected, length, n));
    }
  }

  /** NaN first, then infinity and what overflows; of equal lines the first. */
  @Test
  void largestLines_ofUnusualValues() {
    float[] values = new float[48];
    values[5] = 1; // line 0
    values[8] = Float.MAX_VALUE; // line 1: with the next more than a float holds
    values[9] = Float.MAX_VALUE;
    values[23] = Float.NEGATIVE_INFINITY; // line 2
    values[24] = Float.NaN; // line 3
    values[36] = -1; // line 4
    try (var arena = Arena.ofConfined()) {
      Tensor tensor = Tensor.of(values, 48);
      long[][] expected = {{}, {3}, {1, 3}, {1, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3, 4}};
      for (int count = 0; count < expected.length; count++) {
        assertThat(
                IndexMask.largestLines(arena, tensor, 8, count, Parallel.SEQUENTIAL)
                    .lines()
                    .toArray())
            .isEqualTo(expected[count]);
      }
      assertThatThrownBy(() -> IndexMask.largestLines(arena, tensor, 8, 7, Parallel.SEQUENTIAL))
          .hasMessage("count must be in [0, elements]: count=7, elements=6");
    }
  }
}
