package io.spam4j.cuda.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.kernels.HostKernels.Kernel;
import io.spam4j.tensors.internal.simd.Measure;
import io.spam4j.tensors.internal.simd.MeasureSum;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The measure kernels and their PTX give the bits of the engine. */
@ParameterizedClass
@EnumSource
class HostMeasureTest {
  private static final int CHUNK = 16 * Measure.BLOCK;

  /** The last has more slots than are added one after another. */
  private static final int[] SIZES = {1, 15, 16, 17, 4095, 4096, 4097, 65_536, 65_537, 1_070_000};

  private static final int STATE_BYTES = 24;

  @Parameter HostKernels.Machine machine = HostKernels.Machine.CPU;

  private final Random random = new Random(2);

  private float[] values(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      float value = (float) (random.nextGaussian() * Math.exp(random.nextInt(20) - 10));
      values[i] =
          switch (random.nextInt(1000)) {
            case 0 -> Float.NaN;
            case 1 -> Float.NEGATIVE_INFINITY;
            case 2 -> Float.MIN_VALUE;
            case 3 -> -Float.MAX_VALUE * random.nextFloat();
            default -> value;
          };
    }
    return values;
  }

  @Test
  void measure_slotsAndSums() throws IOException, InterruptedException {
    var kernels = new HostKernels(machine);
    ByteBuffer tensors = kernels.memory(64L * (SIZES.length + 1), 0);
    ByteBuffer ranges = kernels.memory(16L * (SIZES.length + 2), 0);
    ByteBuffer states = kernels.memory((long) STATE_BYTES * (SIZES.length + 2), 8);
    long chunkCount = 1;
    for (int size : SIZES) {
      chunkCount += (size + CHUNK - 1) / CHUNK;
    }
    ByteBuffer chunks = kernels.memory(24 * chunkCount, 8);
    float[][] data = new float[SIZES.length][];
    int slotCount = 0;
    for (int i = 0; i < SIZES.length; i++) {
      data[i] = values(SIZES[i]);
      ByteBuffer gradient = kernels.memory(4L * SIZES[i], 4 * (i % 4));
      gradient.asFloatBuffer().put(data[i]);
      kernels.point(tensors, 64 * i + 8, gradient);
      ranges.putLong(slotCount).putLong(Measure.blockCount(SIZES[i]));
      for (int from = 0; from < SIZES[i]; from += CHUNK) {
        chunks.putLong(from).putLong(slotCount + from / Measure.BLOCK);
        chunks.putInt(Math.min(CHUNK, SIZES[i] - from)).putInt(i);
      }
      slotCount += Math.toIntExact(Measure.blockCount(SIZES[i]));
    }
    // A tensor without a gradient has slots of zeros; the last range is of all slots.
    chunks.putLong(0).putLong(slotCount).putInt(5000).putInt(SIZES.length);
    ranges.putLong(slotCount).putLong(2).putLong(0).putLong(slotCount + 2);
    ByteBuffer slots = kernels.memory(Measure.SLOT_BYTES * (slotCount + 2), 8);
    while (slots.hasRemaining()) {
      slots.putLong(-1);
    }

    kernels.launch(Kernel.MEASURE, Math.toIntExact(chunkCount), tensors, chunks, slots);
    kernels.launch(Kernel.MEASURE_SUM, SIZES.length + 2, ranges, slots, states);
    kernels.run();

    var all = new MeasureSum();
    for (int i = 0, slot = 0; i < SIZES.length; i++) {
      try (Arena arena = Arena.ofConfined()) {
        long blocks = Measure.blockCount(SIZES[i]);
        MemorySegment expected = arena.allocate(Measure.SLOT_BYTES * blocks);
        MemorySegment values = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, data[i]);
        MemorySegment scratch = arena.allocate(Measure.SCRATCH_BYTES);
        Measure.blocks(values, 0, SIZES[i], expected, 0, scratch);
        int bytes = Math.toIntExact(expected.byteSize());
        assertThat(slots.slice(Math.toIntExact(Measure.SLOT_BYTES) * slot, bytes))
            .as("slots of %d elements", SIZES[i])
            .isEqualTo(expected.asByteBuffer());
        var sum = new MeasureSum();
        sum.add(expected, 0, blocks);
        all.add(expected, 0, blocks);
        assertState(states, i, sum);
        slot += Math.toIntExact(blocks);
      }
    }
    assertState(states, SIZES.length, new MeasureSum());
    assertState(states, SIZES.length + 1, all);
    assertThat(all.nonFinite()).isPositive();
  }

  /** Groups of 64 slots, 256 of them at a time: both more than once, and just so. */
  @Test
  void measureSumAndTotal_manySlots() throws IOException, InterruptedException {
    int[] counts = {0, 1, 63, 64, 65, 4096, 16_384, 16_385, 40_001};
    int rows = counts.length;
    var kernels = new HostKernels(machine);
    ByteBuffer slots = kernels.memory(Measure.SLOT_BYTES * 40_001, 8);
    ByteBuffer small = kernels.memory(Measure.SLOT_BYTES * 700, 8);
    for (ByteBuffer table : new ByteBuffer[] {slots, small}) {
      for (int i = 0; table.hasRemaining(); i++) {
        table.putDouble(random.nextDouble() * Math.exp(random.nextInt(60) - 30));
        // Only the ranges of at least 16_385 slots have it.
        table.putDouble(i == 16_384 ? Double.NaN : random.nextInt(1000));
        table.putLong(random.nextInt(3));
      }
    }
    small.putDouble(24 * 69, Double.POSITIVE_INFINITY);
    ByteBuffer ranges = kernels.memory(16L * rows, 0);
    for (int count : counts) {
      ranges.putLong(count == 64 ? 7 : 0).putLong(count);
    }
    ByteBuffer states = kernels.memory((long) STATE_BYTES * rows, 8);
    int[] tensors = {1, 69, 700};
    ByteBuffer[] total = new ByteBuffer[tensors.length];
    for (int i = 0; i < tensors.length; i++) {
      total[i] = kernels.memory(STATE_BYTES, 8);
      kernels.launch(Kernel.MEASURE_TOTAL, 1, small, total[i], tensors[i]);
    }
    kernels.launch(Kernel.MEASURE_SUM, rows, ranges, slots, states);
    kernels.run();

    for (int i = 0; i < rows; i++) {
      assertState(states, i, sumOf(slots, counts[i] == 64 ? 7 : 0, counts[i]));
    }
    for (int i = 0; i < tensors.length; i++) {
      assertState(total[i], 0, sumOf(small, 0, tensors[i]));
    }
    assertThat(states.getDouble(STATE_BYTES * (rows - 1) + 8)).isNaN();
    assertThat(total[1].getDouble(0)).isFinite();
    assertThat(total[2].getDouble(0)).isNaN();
  }

  private static MeasureSum sumOf(ByteBuffer slots, int from, int count) {
    var sum = new MeasureSum();
    for (int i = from; i < from + count; i++) {
      sum.add(slots.getDouble(24 * i), slots.getDouble(24 * i + 8), slots.getLong(24 * i + 16));
    }
    return sum;
  }

  private static void assertState(ByteBuffer states, int row, MeasureSum expected) {
    int at = STATE_BYTES * row;
    assertThat(states.getDouble(at))
        .as("sum %d", row)
        .isEqualTo(Double.valueOf(expected.sumOfSquares()));
    assertThat(states.getDouble(at + 8))
        .as("max %d", row)
        .isEqualTo(Double.valueOf(expected.maxAbs()));
    assertThat(states.getLong(at + 16))
        .as("count %d", row)
        .isEqualTo(expected.nonFinite() + (expected.hasNaN() ? Measure.HAS_NAN : 0));
  }
}
