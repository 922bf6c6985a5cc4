package io.spam4j.tensors.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.spam4j.tensors.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class IndexMaskTest {
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
  }

  /** Symbols as the class comment says, written down by hand. */
  @ParameterizedTest
  @CsvSource({
    "'', 1, ''",
    "'0,0,1', 1, fffffffffffffff4",
    "'10,14,15', 4, ffffffffffff0fea",
    "'100,254,255', 8, ffffffff00fffe64",
    "'1000,65534,65535', 16, 0000fffffffe03e8",
    "'14,31', 4, ffffffffffff1ffe"
  })
  void data_areTheGapsInTheBestWidth(String gaps, int width, String word) {
    long[] skipped =
        gaps.isEmpty()
            ? new long[0]
            : Arrays.stream(gaps.split(",", -1)).mapToLong(Long::parseLong).toArray();
    IndexMask mask = IndexMask.of(arena, 1 << 20, positions(skipped));

    assertThat(mask.width()).isEqualTo(width);
    assertThat(mask.data().isReadOnly()).isTrue();
    assertThat(mask.bytes()).isEqualTo(mask.data().byteSize()).isEqualTo(word.length() / 2);
    if (!word.isEmpty()) {
      assertThat("%016x".formatted(mask.data().get(ValueLayout.JAVA_LONG, 0))).isEqualTo(word);
    }
    assertRoundTrip(mask, 1 << 20, positions(skipped));
  }

  private static long[] positions(long[] gaps) {
    long[] positions = new long[gaps.length];
    long next = 0;
    for (int i = 0; i < gaps.length; i++) {
      positions[i] = next + gaps[i];
      next = positions[i] + 1;
    }
    return positions;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 63, 64, 65, 2047, 2048, 2049, 4095, 4096, 4097, 6143, 6144, 6145})
  void of_givesThePositionsBack(int count) {
    for (long stride : new long[] {1, 2, 7, 40, 300, 70_000}) {
      long[] positions = new long[count];
      for (int i = 0; i < count; i++) {
        positions[i] = i * stride + stride / 2;
      }
      long elements = count * stride + 5;
      assertRoundTrip(IndexMask.of(arena, elements, positions), elements, positions);
    }
  }

  /** Gaps at the edges of what a symbol, and a run of symbols, can say. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4, 8, 16})
  void of_gapsAroundTheEscape(int width) {
    long escape = (1L << width) - 1;
    // Enough gaps of the width's own size for it to be the best one.
    long[] gaps = new long[6000];
    Arrays.fill(
        gaps,
        switch (width) {
          case 1 -> 0;
          case 4 -> 13;
          case 8 -> 240;
          default -> 60_000;
        });
    long[] edges = {
      0, escape - 1, escape, escape + 1, 2 * escape - 1, 2 * escape, 2 * escape + 1, 37 * escape
    };
    for (int i = 0; i < edges.length; i++) {
      gaps[11 * i] = edges[i];
      gaps[2047 + i] = edges[i];
      gaps[5999 - i] = edges[i];
    }
    long[] positions = positions(gaps);
    long elements = positions[positions.length - 1] + 1;

    IndexMask mask = IndexMask.of(arena, elements, positions);

    assertThat(mask.width()).isEqualTo(width);
    assertRoundTrip(mask, elements, positions);
  }

  @Test
  void of_tensorsBeyondTwoToTheThirtyThird() {
    long elements = (1L << 34) + 9;
    long[] positions = {5, 5 + (1L << 32), (1L << 33) + 7, (1L << 33) + 8, elements - 1};

    assertRoundTrip(IndexMask.of(arena, elements, positions), elements, positions);
  }

  private static void assertRoundTrip(IndexMask mask, long elements, long[] positions) {
    assertThat(mask.elements()).isEqualTo(elements);
    assertThat(mask.count()).isEqualTo(positions.length);
    assertThat(mask.blocks()).isEqualTo((positions.length + 2047) / 2048);
    assertThat(mask.toArray()).isEqualTo(positions);
    assertThat(mask.bytes()).isEqualTo(leastBytes(positions));
    long[] block = new long[IndexMask.BLOCK];
    for (int i = (int) mask.blocks() - 1; i >= 0; i--) {
      int size = mask.decode(i, block);
      assertThat(Arrays.copyOf(block, size))
          .isEqualTo(Arrays.copyOfRange(positions, i * 2048, i * 2048 + size));
    }
  }

  /** Whole words of the fewest symbol bits, and 16 bytes for each block but the first. */
  static long leastBytes(long[] positions) {
    long least = Long.MAX_VALUE;
    for (int width : new int[] {1, 4, 8, 16}) {
      long symbols = positions.length;
      long next = 0;
      for (long position : positions) {
        symbols += (position - next) / ((1 << width) - 1);
        next = position + 1;
      }
      least = Math.min(least, symbols * width);
    }
    return (least + 63) / 64 * 8 + Math.max(0, (positions.length + 2047) / 2048 - 1) * 16L;
  }

  @Test
  void density_isTheShareSelected() {
    assertThat(IndexMask.of(arena, 8, new long[] {1, 7}).density()).isEqualTo(0.25);
    assertThat(IndexMask.of(arena, 0, new long[0]).density()).isZero();
  }

  @Test
  void toString_saysWhatIsSelectedOfWhat() {
    assertThat(IndexMask.of(arena, 8, new long[] {1, 7}))
        .hasToString("IndexMask[count=2, elements=8, bytes=8]");
  }

  @ParameterizedTest
  @CsvSource({
    "-1, '', elements must not be negative: elements=-1",
    "10, '3,10', 'position must be in [0, elements): index=1, position=10, elements=10'",
    "10, '-1', 'position must be in [0, elements): index=0, position=-1, elements=10'",
    "10, '3,3', 'positions must ascend: index=1, position=3, previous=3'",
    "10, '3,2', 'positions must ascend: index=1, position=2, previous=3'"
  })
  void of_refuses(long elements, String positions, String message) {
    long[] all =
        Arrays.stream(positions.split(",", -1))
            .filter(text -> !text.isEmpty())
            .mapToLong(Long::parseLong)
            .toArray();
    assertThatThrownBy(() -> IndexMask.of(arena, elements, all))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void decode_refusesABlockThatIsNotThere() {
    IndexMask mask = IndexMask.of(arena, 10, new long[] {3});
    for (long block : new long[] {-1, 1}) {
      assertThatThrownBy(() -> mask.decode(block, new long[IndexMask.BLOCK]))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessage("block must be in [0, blocks): block=" + block + ", blocks=1");
    }
  }

  @Test
  void decode_refusesAnArrayThatIsTooShort() {
    IndexMask mask = IndexMask.of(arena, 10, new long[] {3, 4});
    assertThat(mask.decode(0, new long[2])).isEqualTo(2);
    assertThatThrownBy(() -> mask.decode(0, new long[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("positions must hold a block: length=1, selected=2");
  }

  @Test
  void decode_allocatesNothing() {
    long[] positions = new long[IndexMask.BLOCK];
    List<IndexMask> masks = new ArrayList<>();
    for (double density : new double[] {0.5, 0.1, 0.02, 0.002}) {
      masks.add(IndexMask.random(arena, 100_000, (long) (density * 1e5), Philox.stream(1, "", 0)));
    }
    assertThat(masks).extracting(IndexMask::width).containsExactly(1, 4, 8, 16);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    decodeAll(masks, positions);
    long overhead = -threads.getCurrentThreadAllocatedBytes();
    overhead += threads.getCurrentThreadAllocatedBytes();

    // Allocation ends when the compiler is done; on a busy machine that takes time.
    long bytes = Long.MAX_VALUE;
    long sum = 0;
    for (int round = 0; round < 1000 && bytes != overhead; round++) {
      bytes = -threads.getCurrentThreadAllocatedBytes();
      sum += decodeAll(masks, positions);
      bytes += threads.getCurrentThreadAllocatedBytes();
    }

    assertThat(sum).isPositive();
    assertThat(bytes).isEqualTo(overhead);
  }

  private static long decodeAll(List<IndexMask> masks, long[] positions) {
    long sum = 0;
    for (int i = 0; i < masks.size(); i++) {
      for (long block = 0; block < masks.get(i).blocks(); block++) {
        sum += positions[masks.get(i).decode(block, positions) - 1];
      }
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource({"30000,9000", "30000,300", "9000,9000", "30000,0", "0,300", "1,30000"})
  void forEachCommon_visitsWhatBothSelect(long countA, long countB) {
    IndexMask a = IndexMask.random(arena, 30_000, countA, Philox.stream(1, "a", 0));
    IndexMask b = IndexMask.random(arena, 30_000, countB, Philox.stream(1, "b", 0));
    long[] inA = a.toArray();
    long[] inB = b.toArray();
    List<List<Long>> expected = new ArrayList<>();
    var indexInB = new TreeMap<Long, Long>();
    for (int j = 0; j < inB.length; j++) {
      indexInB.put(inB[j], (long) j);
    }
    for (int i = 0; i < inA.length; i++) {
      Long j = indexInB.get(inA[i]);
      if (j != null) {
        expected.add(List.of((long) i, j));
      }
    }

    List<List<Long>> visited = new ArrayList<>();
    IndexMask.forEachCommon(a, b, (i, j) -> visited.add(List.of(i, j)));

    assertThat(visited).isEqualTo(expected);
  }

  @Test
  void forEachCommon_refusesMasksOfDifferentTensors() {
    IndexMask a = IndexMask.of(arena, 10, new long[0]);
    IndexMask b = IndexMask.of(arena, 11, new long[0]);
    assertThatThrownBy(() -> IndexMask.forEachCommon(a, b, (_, _) -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("masks must be of as many elements: a=10, b=11");
  }

  @Test
  void hasSameSelection_comparesElementsAndPositions() {
    IndexMask mask = IndexMask.of(arena, 10, new long[] {3, 4});

    assertThat(mask.hasSameSelection(IndexMask.of(arena, 10, new long[] {3, 4}))).isTrue();
    assertThat(mask.hasSameSelection(IndexMask.of(arena, 11, new long[] {3, 4}))).isFalse();
    assertThat(mask.hasSameSelection(IndexMask.of(arena, 10, new long[] {3, 5}))).isFalse();
    assertThat(mask.hasSameSelection(IndexMask.of(arena, 10, new long[] {3}))).isFalse();
    assertThat(mask.hasSameSelection(IndexMask.of(arena, 10, new long[] {3, 4, 5}))).isFalse();
  }
}
