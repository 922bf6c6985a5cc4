package io.spam4j.tensors.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.Philox;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import it.unimi.dsi.fastutil.longs.LongBigArrayBigList;
import it.unimi.dsi.fastutil.longs.LongIterator;
import it.unimi.dsi.fastutil.longs.LongIterators;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks made of iterators and big lists, and read by iterators. */
final class IndexMaskIteratorTest {
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
  }

  /** What an iterator gave, and how it was asked. */
  private static final class Asked implements LongIterator {
    final LongArrayList given = new LongArrayList();
    final long[] positions;
    int ends;

    Asked(long... positions) {
      this.positions = positions;
    }

    @Override
    public boolean hasNext() {
      boolean more = given.size() < positions.length;
      ends += more ? 0 : 1;
      return more;
    }

    @Override
    public long nextLong() {
      given.add(positions[given.size()]);
      return given.getLong(given.size() - 1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        0,
        1,
        63,
        2047,
        2048,
        2049,
        MaskParts.PART - 1,
        MaskParts.PART,
        MaskParts.PART + 1,
        2 * MaskParts.PART,
        2 * MaskParts.PART + 2047
      })
  void of_anIterator_isTheMaskOfTheArray(int count) {
    for (long stride : new long[] {1, 2, 7, 40, 300, 70_000}) {
      long[] positions = new long[count];
      for (int i = 0; i < count; i++) {
        positions[i] = i * stride + stride / 2;
      }
      long elements = count * stride + 5;
      IndexMask mask = IndexMask.of(arena, elements, positions);

      IndexMask same = IndexMask.of(arena, elements, LongIterators.wrap(positions));

      assertThat(same.hasSameSelection(mask)).isTrue();
      assertThat(same.bytes()).isEqualTo(mask.bytes());
      long[] block = new long[IndexMask.BLOCK];
      long[] expected = new long[IndexMask.BLOCK];
      for (long i = mask.blocks() - 1; i >= 0; i--) {
        assertThat(same.start(i)).isEqualTo(mask.start(i));
        assertThat(same.decode(i, block)).isEqualTo(mask.decode(i, expected));
        assertThat(Arrays.mismatch(block, expected)).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.002, 0.02, 0.1, 0.5, 1})
  void of_thePositionsOfAMask_isThatMask(double density) {
    long elements = 600_000;
    IndexMask mask =
        IndexMask.random(arena, elements, (long) (density * elements), Philox.stream(1, "i", 0));

    assertThat(IndexMask.of(arena, elements, mask.positions()).hasSameSelection(mask)).isTrue();
  }

  @Test
  void of_anIterator_readsItOnceToItsEnd() {
    var asked = new Asked(3, 5, 9);

    assertThat(IndexMask.of(arena, 10, asked).toArray()).containsExactly(3, 5, 9);

    assertThat(asked.given.toLongArray()).containsExactly(3, 5, 9);
    assertThat(asked.ends).isEqualTo(1);
  }

  @Test
  void of_anIteratorThatHasBegun_takesTheRest() {
    LongIterator positions = LongIterators.fromTo(2L, 8L);
    positions.nextLong();

    assertThat(IndexMask.of(arena, 10, positions).toArray()).containsExactly(3, 4, 5, 6, 7);
  }

  /** Positions at both ends of a tensor whose bitmap would take 375 MB, and a run between. */
  @Test
  void of_tensorsBeyondTwoToTheThirtyFirst() {
    long elements = 3_000_000_000L;
    var list = new LongBigArrayBigList();
    list.add(0);
    for (long position = (1L << 31) - 100_000; position < (1L << 31) + 100_000; position++) {
      list.add(position);
    }
    for (long position = elements - 7; position < elements; position += 2) {
      list.add(position);
    }

    IndexMask mask = IndexMask.of(arena, elements, list);

    assertThat(mask.elements()).isEqualTo(elements);
    assertThat(mask.count()).isEqualTo(200_005);
    assertThat(new LongBigArrayBigList(mask.positions()).equals(list)).isTrue();
    assertThat(mask.hasSameSelection(IndexMask.of(arena, elements, mask.toArray()))).isTrue();
    assertThat(mask.start(mask.blocks() - 1)).isGreaterThan(1L << 31);
  }

  @ParameterizedTest
  @CsvSource({
    "-1, '', elements must not be negative: elements=-1",
    "10, '3,10', 'position must be in [0, elements): index=1, position=10, elements=10'",
    "10, '3,11,4', 'position must be in [0, elements): index=1, position=11, elements=10'",
    "10, '-1', 'position must be in [0, elements): index=0, position=-1, elements=10'",
    "10, '3,3,4', 'positions must ascend: index=1, position=3, previous=3'",
    "10, '3,2', 'positions must ascend: index=1, position=2, previous=3'",
    "0, '0', 'position must be in [0, elements): index=0, position=0, elements=0'"
  })
  void of_refuses_whereItFirstGoesWrong(long elements, String positions, String message) {
    var asked =
        new Asked(
            Arrays.stream(positions.split(",", -1))
                .filter(text -> !text.isEmpty())
                .mapToLong(Long::parseLong)
                .toArray());
    var untouched = new Untouched();

    assertThatThrownBy(() -> IndexMask.of(untouched, elements, asked))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);

    assertThat(asked.given.size()).isEqualTo(Math.min(2, asked.positions.length));
    assertThatThrownBy(
            () -> IndexMask.of(untouched, elements, LongBigArrayBigList.of(asked.positions)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void of_refuses_inALaterPart() {
    long count = MaskParts.PART + 3L;
    LongIterator positions =
        LongIterators.concat(LongIterators.fromTo(0L, count), LongIterators.singleton(count - 1));
    assertThatThrownBy(() -> IndexMask.of(new Untouched(), 1L << 40, positions))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("positions must ascend: index=131075, position=131074, previous=131074");
  }

  @Test
  void of_anIteratorThatFails_passesItsExceptionOn() {
    LongIterator failing =
        new LongIterator() {
          @Override
          public boolean hasNext() {
            return true;
          }

          @Override
          public long nextLong() {
            throw new IllegalStateException("no such file");
          }
        };
    assertThatThrownBy(() -> IndexMask.of(new Untouched(), 10, failing))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no such file");
  }

  /** An arena that nothing may be allocated in. */
  private static final class Untouched implements Arena {
    @Override
    public MemorySegment allocate(long bytes, long alignment) {
      throw new AssertionError("allocated: bytes=" + bytes);
    }

    @Override
    public MemorySegment.Scope scope() {
      return Arena.global().scope();
    }

    @Override
    public void close() {}
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2047, 2048, 2049, 4096, 5000})
  void positions_endAfterTheLast(int count) {
    IndexMask mask = IndexMask.of(arena, 3L * count, LongIterators.fromTo(count, 2L * count));
    LongIterator positions = mask.positions();

    for (long expected = count; expected < 2L * count; expected++) {
      assertThat(positions.hasNext()).isTrue();
      assertThat(positions.hasNext()).isTrue();
      assertThat(positions.nextLong()).isEqualTo(expected);
    }

    assertThat(positions.hasNext()).isFalse();
    assertThatThrownBy(positions::nextLong)
        .isInstanceOf(NoSuchElementException.class)
        .hasMessage("all positions were given: count=" + count);
  }
}
