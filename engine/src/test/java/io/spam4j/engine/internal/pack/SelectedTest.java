package io.spam4j.engine.internal.pack;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packing by the bits of a selection, at any ends, at any alignment. */
@Tag("kernel")
final class SelectedTest {
  private static final int N = 1000;
  private static final int SHIFT = 4; // bytes behind an aligned address

  private final Random random = new Random(3);

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.05, 0.25, 0.5, 0.95, 1})
  void selected_arePackedAndSpread(double density) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all = arena.allocate(SHIFT + 4L * N, 64).asSlice(SHIFT);
      assertThat(Selected.canPack(all, all)).isEqualTo(VectorMode.VECTORS);
      if (!VectorMode.VECTORS) {
        return; // then nobody packs
      }
      MemorySegment bits = arena.allocate(8L * (N / 64 + 1), 8);
      boolean[] selected = new boolean[N];
      for (int i = 0; i < N; i++) {
        selected[i] = random.nextDouble() < density;
        long word = bits.getAtIndex(JAVA_LONG, i / 64);
        bits.setAtIndex(JAVA_LONG, i / 64, word | (selected[i] ? 0L : 1L << i));
        all.set(JAVA_FLOAT_UNALIGNED, 4L * i, i);
      }
      for (int round = 0; round < 50; round++) {
        int from = random.nextInt(N);
        int to = from + random.nextInt(N - from + 1);
        check(arena, bits, selected, all, from, to);
      }
      check(arena, bits, selected, all, 0, N);
    }
  }

  private static void check(
      Arena arena, MemorySegment bits, boolean[] selected, MemorySegment all, int from, int to) {
    int expected = 0;
    for (int i = from; i < to; i++) {
      expected += selected[i] ? 1 : 0;
    }
    // Nothing may be written behind the slack.
    MemorySegment packed = arena.allocate(4L * expected + Selected.SLACK_BYTES, 64);
    assertThat(Selected.gather(bits, from, to, all, packed)).isEqualTo(expected);
    int k = 0;
    for (int i = from; i < to; i++) {
      if (selected[i]) {
        assertThat(packed.get(JAVA_FLOAT_UNALIGNED, 4L * k)).isEqualTo(i);
        packed.set(JAVA_FLOAT_UNALIGNED, 4L * k, -1 - i);
        k++;
      }
    }
    Selected.add(bits, from, to, packed, all); // i + (-1 - i)
    assertChanged(all, selected, from, to, _ -> -1);
    Selected.scatter(bits, from, to, packed, all);
    assertChanged(all, selected, from, to, i -> -1 - i);
  }

  /** Asserts what is at the selected places, that others hold their index, and restores that. */
  private static void assertChanged(
      MemorySegment all, boolean[] selected, int from, int to, IntUnaryOperator value) {
    for (int i = 0; i < N; i++) {
      boolean changed = i >= from && i < to && selected[i];
      assertThat(all.get(JAVA_FLOAT_UNALIGNED, 4L * i))
          .isEqualTo(changed ? value.applyAsInt(i) : i);
      all.set(JAVA_FLOAT_UNALIGNED, 4L * i, i);
    }
  }
}
