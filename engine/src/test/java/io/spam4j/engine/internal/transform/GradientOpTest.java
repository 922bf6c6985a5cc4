package io.spam4j.engine.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Outside the heap, by vectors, gradients become what the scalar form makes of them. */
@Tag("kernel")
final class GradientOpTest {
  private static final int[] SIZES = {1, 15, 16, 17, 65, 1021};
  private static final long FROM = 40; // in the tensor

  @ParameterizedTest
  @CsvSource({"true, 0", "false, 0", "true, 7", "true, 100", "false, 33"})
  void op_hasTheBitsOfTheScalarForm(boolean keepsNonFinite, int rowLength) {
    long lowered = 0;
    for (int size : SIZES) {
      var op = new GradientOp(keepsNonFinite);
      op.scale = 0.3f;
      op.clipAbove = 0.4f;
      op.divisor = 3;
      op.to = 2.5f;
      op.limit = 0.5f;
      var random = new Random(size);
      if (rowLength > 0) {
        op.rowLength = rowLength;
        op.rowScales = new float[(int) (FROM + size) / rowLength + 1];
        for (int i = 0; i < op.rowScales.length; i++) {
          op.rowScales[i] = random.nextInt(3) == 0 ? 1 : random.nextFloat();
        }
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment heap = MemorySegment.ofArray(new float[size]);
        for (long i = 0; i < size; i++) {
          boolean isFinite = random.nextInt(20) != 0;
          float value = isFinite ? 3 * (float) random.nextGaussian() : Float.NaN;
          heap.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextInt(50) == 0 ? 1 / 0f : value);
        }
        MemorySegment outside = arena.allocate(4L * size).copyFrom(heap);
        var expected = new UpdateTally();
        var actual = new UpdateTally();
        op.apply(heap, size, null, FROM, expected);
        op.apply(outside, size, null, FROM, actual);
        assertThat(outside.mismatch(heap)).isEqualTo(-1);
        assertThat(actual.lowered).isEqualTo(expected.lowered);
        assertThat(actual.clamped).isEqualTo(expected.clamped);
        lowered += expected.lowered;
      }
    }
    assertThat(lowered).isPositive();
  }
}
