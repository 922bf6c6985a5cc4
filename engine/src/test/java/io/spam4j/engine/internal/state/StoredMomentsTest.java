package io.spam4j.engine.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Moments in each format, without an update around them. */
final class StoredMomentsTest {
  private static final int N = 300; // two blocks of codes and a part
  private static final short SUBNORMAL = 0x0071;
  private static final short NORMAL = 0x0080;

  private static AdamSettings settings(MomentFormat format) {
    var adam = new AdamSettings("adam");
    adam.moments = format;
    return adam;
  }

  private static SequencedMap<String, Tensor> state(AdamSettings adam, Arena arena) {
    SequencedMap<String, Tensor> state = new LinkedHashMap<>();
    new MomentLayout(adam)
        .of("w", DType.F32, new long[] {N}, new long[] {N})
        .forEach((name, shape) -> state.put(name, shape.allocate(arena)));
    return state;
  }

  private static RoundingKey key() {
    return new RoundingKey(0, "w");
  }

  private static MemorySegment floats(Arena arena) {
    return arena.allocate(N * JAVA_FLOAT.byteSize(), 64);
  }

  private static float first(int i) {
    return i % 2 == 0 ? i + 1 : -i - 1;
  }

  private static float second(int i) {
    return 100 * (N + i); // a root that the first moment is of the size of
  }

  private static void assertNear(MemorySegment moments, int at, float expected) {
    assertThat(moments.getAtIndex(JAVA_FLOAT, at))
        .isBetween(expected - Math.abs(expected) / 16 - 2, expected + Math.abs(expected) / 16 + 2);
  }

  @ParameterizedTest
  @EnumSource(value = MomentFormat.class, mode = EnumSource.Mode.EXCLUDE, names = "BF16_EMULATED")
  void stored_isLoadedAgain_andZeroed(MomentFormat format) {
    try (var arena = Arena.ofConfined()) {
      AdamSettings adam = settings(format);
      var moments = StoredMoments.of(adam, key(), state(adam, arena));
      MemorySegment first = floats(arena);
      MemorySegment second = floats(arena);
      for (int i = 0; i < N; i++) {
        first.setAtIndex(JAVA_FLOAT, i, first(i));
        second.setAtIndex(JAVA_FLOAT, i, second(i));
      }
      moments.store(first, second, 0, N, 1);

      moments.load(128, 128, first, second);
      for (int i = 0; i < 128; i++) {
        assertNear(first, i, first(128 + i));
        assertNear(second, i, second(128 + i));
      }
      moments.zero(128, N);
      moments.load(0, N, first, second);
      for (int i = 0; i < N; i++) {
        assertNear(first, i, i < 128 ? first(i) : 0);
        assertNear(second, i, i < 128 ? second(i) : 0);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"BF16, true, 0", "BF16, false, 113", "BF16_EMULATED, true, 113"})
  void restoredSubnormal_isFlushed_ifStepsDoSo(MomentFormat format, boolean flushes, short after) {
    try (var arena = Arena.ofConfined()) {
      AdamSettings adam = settings(format);
      adam.flushesSubnormals = flushes;
      SequencedMap<String, Tensor> state = state(adam, arena);
      for (Tensor moments : state.values()) {
        moments.memory().setAtIndex(JAVA_SHORT, 0, SUBNORMAL);
        moments.memory().setAtIndex(JAVA_SHORT, N - 1, NORMAL);
      }
      var restored = StoredMoments.restored(adam, key(), state);
      assertThat(restored.first.getAtIndex(JAVA_SHORT, 0)).isEqualTo(after);
      assertThat(restored.second.getAtIndex(JAVA_SHORT, 0)).isEqualTo(after);
      assertThat(restored.first.getAtIndex(JAVA_SHORT, N - 1)).isEqualTo(NORMAL);
    }
  }

  @Test
  void codes_haveAGridABlock() {
    try (var arena = Arena.ofConfined()) {
      AdamSettings adam = settings(MomentFormat.INT8);
      SequencedMap<String, Tensor> state = state(adam, arena);
      assertThat(Objects.requireNonNull(state.get(StateNames.FIRST)).dtype()).isEqualTo(DType.I8);
      assertThat(Objects.requireNonNull(state.get(StateNames.SECOND)).dtype()).isEqualTo(DType.U8);
      assertThat(Objects.requireNonNull(state.get(StateNames.GRID)).elements()).isEqualTo(3);
      assertThat(StoredMoments.of(adam, key(), state).bytes()).isEqualTo(2 * N + 3 * 4);
    }
  }
}
