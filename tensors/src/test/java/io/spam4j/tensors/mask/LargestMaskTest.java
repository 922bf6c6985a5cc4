package io.spam4j.tensors.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Magnitude;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LargestMaskTest {
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  private static final float[] SPECIAL = {
    0f,
    -0f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    1e-40f,
    Float.MIN_NORMAL,
    1f,
    -1f,
    Math.nextUp(1f),
    Float.MAX_VALUE,
    Float.NEGATIVE_INFINITY,
    Float.POSITIVE_INFINITY,
    Float.NaN,
    Float.intBitsToFloat(0xff800001),
    Float.intBitsToFloat(0x7fffffff)
  };

  @Test
  void largest_everyCountOfSpecialValues() {
    float[] values = new float[3 * SPECIAL.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = SPECIAL[(i * 7) % SPECIAL.length];
    }
    for (int count = 0; count <= values.length; count++) {
      assertLargest(values, count);
    }
  }

  @Test
  void largest_nanThenInfinityThenFinite() {
    float[] values = {1, Float.NEGATIVE_INFINITY, -0f, Float.NaN, 0f, -2, Float.MAX_VALUE};
    long[][] expected = {{3}, {1, 3}, {1, 3, 6}, {1, 3, 5, 6}, {0, 1, 3, 5, 6}, {0, 1, 2, 3, 5, 6}};
    for (int i = 0; i < expected.length; i++) {
      assertThat(IndexMask.largest(arena, Tensor.of(values, 7), i + 1).toArray())
          .isEqualTo(expected[i]);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 63, 64, 65, 1021, 4099, 65_535, 65_536})
  void largest_ofNormalValues(int size) {
    var random = new Random(size);
    float[] values = values(size, _ -> random.nextGaussian());
    for (double density : new double[] {0, 0.001, 0.5, 1}) {
      assertLargest(values, (int) (density * size));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 100_000})
  void largest_tiesGoToTheLowerIndex(int kinds) {
    var random = new Random(kinds);
    float[] values = values(70_001, _ -> random.nextInt(kinds) - kinds / 2);
    for (int count : new int[] {1, 35_000, 70_000}) {
      assertLargest(values, count);
    }
  }

  @Test
  void largest_doesNotDependOnThreads() {
    var random = new Random(1);
    float[] values = values(700_001, _ -> Math.rint(random.nextGaussian() * 500));
    MemorySegment memory = arena.allocate(values.length * 4L + 1).asSlice(1);
    memory.copyFrom(MemorySegment.ofArray(values));
    Tensor tensor = Tensor.of(memory, DType.F32, values.length);
    for (int count : new int[] {9_000, 400_000}) {
      long[] expected = sorted(values, count);
      for (Parallel parallel : new Parallel[] {Threads.BACKWARD, Threads.THREE}) {
        assertThat(
                Arrays.mismatch(
                    IndexMask.largest(arena, tensor, count, parallel).toArray(), expected))
            .isEqualTo(-1);
      }
    }
  }

  /** A sample that misleads costs passes, never the result. */
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0, 1000",
    "1065353216, 1065353217",
    "2139095041, 2139095041",
    "1, 2139095041"
  })
  void threshold_fromAnyFirstBracket(int low, int high) {
    var random = new Random(2);
    float[] values = values(5_000, _ -> random.nextGaussian());
    MemorySegment memory = MemorySegment.ofArray(values);
    int[] keys = IntStream.range(0, 5_000).map(i -> Magnitude.key(memory, i)).sorted().toArray();
    for (int count : new int[] {1, 2_500, 5_000}) {
      var threshold = MagnitudeThreshold.find(memory, 5_000, count, low, high, Parallel.SEQUENTIAL);
      assertThat(threshold.key()).isEqualTo(keys[5_000 - count]);
    }
  }

  @Test
  void largest_ofOtherTypes_isRefused() {
    Tensor integers = Tensor.of(MemorySegment.ofArray(new int[2]), DType.I32, 2);
    assertThatThrownBy(() -> IndexMask.largest(arena, integers, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tensor must be F32: dtype=I32");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 3})
  void largest_countOutOfRange_isRefused(int count) {
    assertThatThrownBy(() -> IndexMask.largest(arena, Tensor.of(new float[2], 2), count))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("count must be in [0, elements]: count=" + count + ", elements=2");
  }

  private static float[] values(int size, IntToDoubleFunction value) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) value.applyAsDouble(i);
    }
    return values;
  }

  private void assertLargest(float[] values, int count) {
    long[] actual = IndexMask.largest(arena, Tensor.of(values, values.length), count).toArray();
    long[] expected = sorted(values, count);
    assertThat(Arrays.mismatch(actual, expected)).as("count %d", count).isEqualTo(-1);
  }

  /** By a stable sort of magnitudes, where NaN is the largest double. */
  private static long[] sorted(float[] values, int count) {
    long[] order = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      long magnitude = Float.floatToIntBits(Math.abs(values[i])); // NaN to one NaN, above infinity
      order[i] = -magnitude << 32 | i;
    }
    Arrays.sort(order);
    return Arrays.stream(order, 0, count).map(key -> key & 0xFFFFFFFFL).sorted().toArray();
  }
}
