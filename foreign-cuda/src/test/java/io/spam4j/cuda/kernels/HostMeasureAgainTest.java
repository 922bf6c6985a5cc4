package io.spam4j.cuda.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.kernels.HostKernels.Kernel;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.transform.GradientOp;
import io.spam4j.tensors.internal.simd.Measure;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What transforms make of a measure: slots scaled, and blocks with clipped elements done again. */
@ParameterizedClass
@EnumSource
class HostMeasureAgainTest {
  private static final int CHUNK = 16 * Measure.BLOCK;
  private static final int SIZE = CHUNK + 3 * Measure.BLOCK + 77;
  private static final int GRADIENT_SCALE = 0;
  private static final int NORM_SCALE = 2;

  /** Gradient scale, clip above, divisor, to, norm scale; the last tensor has no gradient. */
  private static final float[][] COEFFICIENTS = {
    {1, Float.POSITIVE_INFINITY, 1, 1, 1},
    {0.7f, 2.5f, 3.1f, 2.4f, 1},
    {-1.3f, 3, 3.5f, 3, 0.45f},
    {1, 4, 5, 4, 1.7f},
    {1e38f, 1e38f, 3e38f, 1e38f, 1},
    {0.3f, Float.NaN, 1, 1, 1},
    {Float.NaN, 1, 1, 1, Float.NaN},
    {1, -1, 2, 1, 1},
    {1, 0.5f, Float.POSITIVE_INFINITY, 0, 1},
    {Float.NaN, 1, 1, 1, Float.NaN},
  };

  private static final int TENSORS = COEFFICIENTS.length;

  @Parameter HostKernels.Machine machine = HostKernels.Machine.CPU;

  private final Random random = new Random(4);

  private MemorySegment gradient(Arena arena) {
    MemorySegment gradient = arena.allocate(4L * SIZE, 8);
    for (int i = 0; i < SIZE; i++) {
      float value = (float) random.nextGaussian();
      float special = random.nextInt(4) == 0 ? Float.NaN : 6 * value;
      boolean isSpecial = i / Measure.BLOCK % 3 == 1 && random.nextInt(900) == 0;
      gradient.set(JAVA_FLOAT_UNALIGNED, 4L * i, isSpecial ? special : value / 2);
    }
    return gradient;
  }

  @ParameterizedTest
  @ValueSource(ints = {GRADIENT_SCALE, NORM_SCALE})
  void rescaleAndMeasureAgain_slots(int place) throws IOException, InterruptedException {
    var kernels = new HostKernels(machine);
    ByteBuffer tensors = kernels.memory(64L * TENSORS, 0);
    ByteBuffer chunks = kernels.memory(24L * 2 * TENSORS, 8);
    ByteBuffer rows = kernels.memory(80L * TENSORS, 0);
    int slotCount = Math.toIntExact(Measure.blockCount(SIZE));
    ByteBuffer slots = kernels.memory(Measure.SLOT_BYTES * slotCount * TENSORS, 8);
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> gradients = new ArrayList<>();
      for (int i = 0; i < TENSORS; i++) {
        for (int k = 0; k < 5; k++) {
          rows.putFloat(80 * i + 4 * k, COEFFICIENTS[i][k]);
        }
        for (int from = 0; from < SIZE; from += CHUNK) {
          chunks.putLong(from).putLong((long) slotCount * i + from / Measure.BLOCK);
          chunks.putInt(Math.min(CHUNK, SIZE - from)).putInt(i);
        }
        gradients.add(gradient(arena));
        if (i < TENSORS - 1) {
          ByteBuffer memory = kernels.memory(4L * SIZE, 4);
          memory.put(gradients.get(i).asByteBuffer());
          kernels.point(tensors, 64 * i + 8, memory);
        }
      }
      kernels.launch(Kernel.MEASURE, 2 * TENSORS, tensors, chunks, slots);
      kernels.launch(Kernel.RESCALE, 2 * TENSORS, tensors, chunks, rows, place, slots);
      kernels.launch(Kernel.MEASURE_AGAIN, 2 * TENSORS, tensors, chunks, rows, slots);
      kernels.run();

      int[] again = new int[TENSORS];
      for (int i = 0; i < TENSORS; i++) {
        MemorySegment expected = arena.allocate(Measure.SLOT_BYTES * slotCount, 8);
        if (i < TENSORS - 1) {
          again[i] = measureInJava(gradients.get(i), COEFFICIENTS[i], place, expected, arena);
        }
        assertSlots(i, slots, expected, slotCount);
      }
      assertThat(again[0] + again[5] + again[6]).isZero();
      assertThat(again[7]).isEqualTo(slotCount);
      assertThat(List.of(again[1], again[2], again[3]))
          .allSatisfy(count -> assertThat(count).isBetween(1, slotCount - 1));
    }
  }

  /** Returns how many blocks were measured again. */
  private static int measureInJava(
      MemorySegment gradient, float[] c, int place, MemorySegment slots, Arena arena) {
    MemorySegment scratch = arena.allocate(Measure.SCRATCH_BYTES, 8);
    MemorySegment block = arena.allocate(4L * Measure.BLOCK, 8);
    long count = Measure.blockCount(SIZE);
    Measure.blocks(gradient, 0, SIZE, slots, 0, scratch);
    float factor = place == NORM_SCALE ? c[4] : c[0];
    if (factor != 1) {
      Measure.scale(slots, 0, count, factor);
    }
    var first = new GradientOp(/* keepsNonFinite= */ true);
    first.scale = c[0];
    first.clipAbove = c[1];
    first.divisor = c[2];
    first.to = c[3];
    var second = new GradientOp(/* keepsNonFinite= */ true);
    second.scale = c[4];
    int again = 0;
    for (int slot = 0; slot < count; slot++) {
      if (Measure.maxAbs(slots, slot) > c[1]) {
        int length = Math.min(Measure.BLOCK, SIZE - slot * Measure.BLOCK);
        MemorySegment.copy(gradient, 4L * slot * Measure.BLOCK, block, 0, 4L * length);
        first.apply(block, length, null, 0, new UpdateTally());
        second.apply(block, length, null, 0, new UpdateTally());
        Measure.blocks(block, 0, length, slots, slot, scratch);
        again++;
      }
    }
    return again;
  }

  private static void assertSlots(
      int tensor, ByteBuffer actual, MemorySegment expected, int count) {
    ByteBuffer wanted = expected.asByteBuffer().order(actual.order());
    for (int i = 0; i < 3 * count; i++) {
      int at = 8 * (3 * count * tensor + i);
      String name = "tensor %d, slot %d, field %d".formatted(tensor, i / 3, i % 3);
      if (i % 3 == 2) {
        assertThat(actual.getLong(at)).as(name).isEqualTo(wanted.getLong(8 * i));
      } else {
        assertThat(actual.getDouble(at))
            .as(name)
            .isEqualTo(Double.valueOf(wanted.getDouble(8 * i)));
      }
    }
  }
}
