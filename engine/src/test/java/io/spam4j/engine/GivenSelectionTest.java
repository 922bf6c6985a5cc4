package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import it.unimi.dsi.fastutil.BigArrays;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import it.unimi.dsi.fastutil.longs.LongBigArrayBigList;
import it.unimi.dsi.fastutil.longs.LongIterator;
import it.unimi.dsi.fastutil.longs.LongIterators;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Selections that the caller gives, as arrays, iterators or big arrays. */
final class GivenSelectionTest {
  private static final int STEPS = 7;

  private static Runs run(MaskSelection selection, float... weights) {
    var builder =
        Spam.builder()
            .resetInterval(2)
            .density(0.5)
            .overlap(MomentOverlap.KEEP)
            .spikeThreshold(0)
            .maskSelection(selection);
    return new Runs(builder, weights);
  }

  /** About every third position, others in each interval; none in some. */
  private static long[] positions(long seed, long interval, int elements) {
    var random = new Random(seed + interval);
    int odds = random.nextInt(5);
    return LongStream.range(0, elements).filter(_ -> random.nextInt(5) < odds).toArray();
  }

  @Property(tries = 40, seed = "20261204")
  void iteratorsAndBigArrays_giveTheBitsOfArrays(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 9000) int elements) {
    MaskSelection.Source array = (_, interval) -> positions(seed, interval, elements);
    MaskSelection.IteratorSource iterator =
        (name, interval) -> LongIterators.wrap(array.positions(name, interval));
    MaskSelection.IteratorSource bigArray =
        (name, interval) -> {
          long[][] positions = BigArrays.wrap(array.positions(name, interval));
          return LongBigArrayBigList.wrap(positions).iterator();
        };
    float[] start = Runs.draw(new Random(seed), elements, 100);
    try (var expected = run(MaskSelection.given(array), start);
        var byIterator = run(MaskSelection.givenByIterator(iterator), start);
        var byBigArray = run(MaskSelection.given(bigArray), start)) {
      for (int t = 0; t < STEPS; t++) {
        float[] gradient = Runs.draw(new Random(seed + t), elements, 100);
        for (Runs run : List.of(expected, byIterator, byBigArray)) {
          run.step(gradient);
          Snapshot.of(run.optimizer).assertSame(Snapshot.of(expected.optimizer));
          assertThat(run.optimizer.memory()).isEqualTo(expected.optimizer.memory());
        }
      }
    }
  }

  @Test
  void iterator_isReadOnceInOrder_whenItsIntervalBegins() {
    List<String> asked = new ArrayList<>();
    var given = new LongArrayList();
    MaskSelection.IteratorSource source =
        (name, interval) -> {
          asked.add(name + interval);
          return new LongIterator() {
            private long next = interval;

            @Override
            public boolean hasNext() {
              return next < 4;
            }

            @Override
            public long nextLong() {
              given.add(next);
              return next++;
            }
          };
        };
    try (var run = run(MaskSelection.givenByIterator(source), new float[5])) {
      assertThat(given.toLongArray()).containsExactly(0, 1, 2, 3);
      run.step(1, 1, 1, 1, 1);
      run.step(1, 1, 1, 1, 1);
      assertThat(run.selected()).containsExactly(1, 2, 3);
      assertThat(given.toLongArray()).containsExactly(0, 1, 2, 3, 1, 2, 3);
    }
    assertThat(asked).containsExactly("w0", "w1");
  }

  @ParameterizedTest
  @CsvSource({
    "'3,2', 'positions must ascend: index=1, position=2, previous=3, '",
    "'3,3', 'positions must ascend: index=1, position=3, previous=3, '",
    "'-1', 'position must be in [0, elements): index=0, position=-1, elements=6, '",
    "'0,6', 'position must be in [0, elements): index=1, position=6, elements=6, '",
    ", 'a source of selections must give positions, none is an empty iterator: '"
  })
  void badIterator_isRefused_andTheStepCanBeRepeated(String positions, String message) {
    boolean[] bad = {false};
    MaskSelection.IteratorSource source =
        (_, interval) -> {
          if (!bad[0]) {
            return LongIterators.fromTo(interval, interval + 3);
          }
          return positions == null ? Null.of() : numbers(positions);
        };
    try (var failing = run(MaskSelection.givenByIterator(source), 1, 2, 3, 4, 5, 6);
        var other = run(MaskSelection.given(source), 1, 2, 3, 4, 5, 6)) {
      for (Runs run : List.of(failing, other)) {
        run.step(1, -2, 3, -4, 5, -6);
      }
      Snapshot before = Snapshot.of(failing.optimizer);
      MemoryReport memory = failing.optimizer.memory();
      bad[0] = true;

      assertThatThrownBy(() -> failing.step(6, 5, 4, 3, 2, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(message + "parameter=w, interval=1");

      Snapshot.of(failing.optimizer).assertSame(before);
      assertThat(failing.optimizer.memory()).isEqualTo(memory);
      bad[0] = false;
      for (Runs run : List.of(failing, other)) {
        run.step(6, 5, 4, 3, 2, 1);
      }
      Snapshot.of(failing.optimizer).assertSame(Snapshot.of(other.optimizer));

      bad[0] = true;
      assertThatThrownBy(() -> run(MaskSelection.given(source), 1, 2, 3, 4, 5, 6))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(message + "parameter=w, interval=0");
    }
  }

  private static LongIterator numbers(String text) {
    return LongIterators.wrap(
        Arrays.stream(text.split(",", -1)).mapToLong(Long::parseLong).toArray());
  }

  @Test
  void iteratorSource_givesArraysToo() {
    MaskSelection.IteratorSource source = (_, interval) -> LongIterators.fromTo(2, 5 + interval);
    assertThat(source.positions("w", 1)).containsExactly(2, 3, 4, 5);
    assertThat(new MaskSelection.Given(source).source()).isSameAs(source);
  }

  /** A selection of another optimizer, without an array between. */
  @Test
  void positionsOfAMask_areASelection() {
    try (var first = run(MaskSelection.random(), new float[5000])) {
      MaskSelection.IteratorSource same =
          (_, _) -> first.optimizer.mask("w").orElseThrow().positions();
      try (var second = run(MaskSelection.givenByIterator(same), new float[5000])) {
        assertThat(second.selected()).hasSize(2500).isEqualTo(first.selected());
      }
    }
  }
}
