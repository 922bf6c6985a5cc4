package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The measure by vectors is the scalar one, bit for bit. The build runs this at every width. */
@Tag("kernel")
final class MeasureContractTest {
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void path_isTheOneAskedFor() {
    String asked = System.getProperty("spam4j.test.bits", "" + VectorMode.BITS);
    assertThat(VectorMode.BITS).isEqualTo(Integer.parseInt(asked));
  }

  @ParameterizedTest
  @CsvSource({"0,0", "1,0", "4095,4", "4096,0", "4096,1", "4097,0", "40960,4", "65551,0"})
  void blocks_haveTheBitsOfTheScalarForm(int size, int offset) {
    MemorySegment values = values(size, offset);
    long blocks = Measure.blockCount(size);
    MemorySegment expected = arena.allocate(blocks * Measure.SLOT_BYTES + 8, 8);
    MemorySegment actual = arena.allocate(blocks * Measure.SLOT_BYTES + 8, 8);
    MemorySegment scratch = arena.allocate(Measure.SCRATCH_BYTES, 8);
    for (long block = 0; block < blocks; block++) {
      long from = block * Measure.BLOCK;
      int length = (int) Math.min(Measure.BLOCK, size - from);
      long slot = block * Measure.SLOT_BYTES;
      MeasureScalar.block(values, from, length, scratch, expected, slot);
      expected.set(JAVA_DOUBLE, slot, Measure.pairwiseSum(scratch, 0));
    }
    Measure.blocks(values, 0, size, actual, 0, scratch);
    assertThat(actual.mismatch(expected)).isEqualTo(-1);
  }

  @Test
  void blocks_inAnyOrder_addUpToTheSameBits() {
    int size = 50_000;
    MemorySegment values = values(size, 0);
    MemorySegment scratch = arena.allocate(Measure.SCRATCH_BYTES, 8);
    long blocks = Measure.blockCount(size);
    MemorySegment forward = arena.allocate(blocks * Measure.SLOT_BYTES, 8);
    MemorySegment backward = arena.allocate(blocks * Measure.SLOT_BYTES, 8);
    Measure.blocks(values, 0, size, forward, 0, scratch);
    for (long block = blocks - 1; block >= 0; block--) {
      long from = block * Measure.BLOCK;
      long to = Math.min(size, from + Measure.BLOCK);
      Measure.blocks(values, from, to, backward, block, scratch);
    }
    assertThat(backward.mismatch(forward)).isEqualTo(-1);
  }

  /** Normal values with a few special ones. */
  private MemorySegment values(int size, int offset) {
    MemorySegment values =
        arena
            .allocate((long) size * Float.BYTES + 64, 64)
            .asSlice(offset, (long) size * Float.BYTES);
    var random = new Random(9);
    float[] special = {
      Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MAX_VALUE, -0f, 1e-40f
    };
    for (int i = 0; i < size; i++) {
      float value =
          random.nextInt(500) == 0
              ? special[random.nextInt(special.length)]
              : (float) random.nextGaussian();
      values.set(JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES, value);
    }
    return values;
  }
}
