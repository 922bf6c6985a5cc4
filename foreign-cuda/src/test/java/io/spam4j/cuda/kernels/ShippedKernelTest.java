package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Memory;
import io.spam4j.cuda.StandInDevice.Mode;
import io.spam4j.cuda.kernels.UpdateLaunch.Tables;
import io.spam4j.cuda.kernels.UpdateTables.Case;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The PTX of the update that is shipped, loaded and launched by the binding, on the stand-in that
 * interprets it: the same bits as the engine's own update.
 */
final class ShippedKernelTest {
  private static final int TILE = UpdateTables.TILE;
  private static final int STEPS = 30;

  @ParameterizedTest
  @EnumSource
  void update_tensorsOfAllShapes(Mode mode) {
    try (StandInDevice device = StandInDevice.open(mode)) {
      UpdateTally counts = updateAllShapes(device);

      assertThat(List.of(counts.spikes, counts.skipped, counts.lowered, counts.clamped))
          .allSatisfy(count -> assertThat(count).isPositive());
    }
  }

  /** A runtime before CUDA 12.8 cannot load kernels: the driver does, and gives the same bits. */
  @ParameterizedTest
  @CsvSource({"LAZY, 12040", "EAGER, 12079", "RACES, 11080"})
  void update_throughTheDriver(Mode mode, int runtime) {
    try (StandInDevice device = StandInDevice.open(mode, runtime)) {
      assertThat(updateAllShapes(device).spikes).isPositive();
    }
  }

  /** Tensors of all alignments in one launch, some without a gradient. */
  private static UpdateTally updateAllShapes(StandInDevice device) {
    UpdateCases cases = new UpdateCases(1);
    UpdateLaunch launch = new UpdateLaunch(device);
    int[][] shifts = {{0, 0, 0, 0}, {4, 4, 4, 4}, {0, 4, 8, 12}, {8, 8, 8, 8}, {12, 0, 0, 0}};
    int[] sizes = {1, 3, 4, 5, 255, 512, 513, 1021, 1024, 1100, 2051};
    for (int i = 0; i < sizes.length; i++) {
      int[] all = IntStream.range(0, sizes[i]).toArray();
      for (int k = 0; k < 3; k++) {
        boolean hasGradient = (i + k) % 7 != 0;
        int[] shift = shifts[(3 * i + k) % shifts.length];
        int chunk = new int[] {512, 509, 1022}[(i + k) % 3];
        Case values = cases.next(sizes[i], all);
        launch.add(new TensorStreams(device, values, hasGradient, shift), chunk);
      }
    }
    return run(device, launch, "spam4j_update");
  }

  @ParameterizedTest
  @EnumSource
  void updateSparse_tensorsOfManyTiles(Mode mode) {
    UpdateCases cases = new UpdateCases(2);
    Random random = new Random(3);
    int elements = 2 * TILE + 4099;
    try (StandInDevice device = StandInDevice.open(mode)) {
      UpdateLaunch launch = new UpdateLaunch(device);
      for (int oneIn : new int[] {20, 90, 700, 70_000}) {
        // The ends of the first tile are selected, and the end of the tensor.
        int[] some =
            IntStream.range(0, elements)
                .filter(
                    i -> i == 0 || i == TILE - 1 || i == elements - 1 || random.nextInt(oneIn) == 0)
                .toArray();
        boolean hasGradient = oneIn != 700;
        Case values = cases.next(elements, some);
        launch.add(new TensorStreams(device, values, hasGradient, 0, 4, 8, 12), 0);
      }

      UpdateTally counts = run(device, launch, "spam4j_update_sparse");

      assertThat(counts.spikes).isPositive();
    }
  }

  @Test
  void update_limitsOfItsRules() {
    UpdateCases cases = new UpdateCases(5);
    int elements = TILE + 1100;
    int[] all = IntStream.range(0, 2051).toArray();
    int[] some = IntStream.range(0, elements).filter(i -> i % 41 == 0).toArray();
    try (StandInDevice device = StandInDevice.open(Mode.LAZY)) {
      UpdateLaunch dense = new UpdateLaunch(device);
      UpdateLaunch sparse = new UpdateLaunch(device);
      for (int shift : new int[] {0, 4}) {
        int[] shifts = {shift, shift, shift, shift};
        Case limits = cases.onLimits(all.length, all);
        dense.add(new TensorStreams(device, limits, true, shifts), 2048);
        Case smallest = cases.onSmallestRatio(all.length, all);
        dense.add(new TensorStreams(device, smallest, true, shifts), 2048);
        Case limitsOfSome = cases.onLimits(elements, some);
        sparse.add(new TensorStreams(device, limitsOfSome, true, shifts), 0);
        Case smallestOfSome = cases.onSmallestRatio(elements, some);
        sparse.add(new TensorStreams(device, smallestOfSome, true, shifts), 0);
      }

      assertThat(run(device, dense, "spam4j_update").clamped).isPositive();
      assertThat(run(device, sparse, "spam4j_update_sparse").clamped).isPositive();
    }
  }

  private static UpdateTally run(StandInDevice device, UpdateLaunch launch, String kernel) {
    Tables tables = launch.tables();
    device.upload();
    tables.run(kernel);
    return tables.compare();
  }

  @Test
  void update_stepAfterStep() {
    int elements = 2051;
    Random random = new Random(7);
    Case values = new UpdateCases(4).next(elements, IntStream.range(0, elements).toArray());
    try (StandInDevice device = StandInDevice.open(Mode.LAZY)) {
      TensorStreams tensor = new TensorStreams(device, values, true, 0, 0, 0, 0);
      UpdateLaunch launch = new UpdateLaunch(device);
      launch.add(tensor, 1024);
      Tables tables = launch.tables();
      device.upload();
      long spikes = 0;
      for (int step = 1; step <= STEPS; step++) {
        for (int i = 0; i < elements; i++) {
          float value = (float) random.nextGaussian();
          values.gradient[i] = random.nextInt(100) == 0 ? 1000 * value : value;
        }
        values.gradient[random.nextInt(elements)] = Float.NaN;
        values.gradient[random.nextInt(elements)] = Float.NEGATIVE_INFINITY;
        setStep(step, values.coefficients);
        tensor.uploadGradient();
        tables.uploadCoefficients();
        tables.run("spam4j_update");
        spikes += tables.compare().spikes;
      }
      assertThat(spikes).isPositive();
    }
  }

  /** Spikes are clipped after a warm-up, which a reset of the moments begins again. */
  private static void setStep(int step, UpdateCoefficients c) {
    c.gradientScale = 0.7f;
    c.clipAbove = Float.POSITIVE_INFINITY;
    c.normScale = 1;
    c.gradientLimit = 1e18f;
    c.coupledDecay = 0;
    c.spikeThreshold = step % 10 < 3 ? Float.POSITIVE_INFINITY : 50;
    c.skipsNonFinite = true;
    c.flushBelow = Float.MIN_NORMAL;
    c.epsilon = 1e-6f;
    c.stepSize = 1e-2f;
    c.decayBefore = 1;
    c.decayAfter = 1e-3f;
    c.leavesWeights = false;
    c.resetsMoments = step % 10 == 0;
    c.zeroesMomentsAfter = false;
  }

  @Test
  void tally_manyChunks() {
    int count = 1000;
    int[] starts = {0, 1, 300, count, count};
    int totalRows = starts.length - 1;
    try (StandInDevice device = StandInDevice.open(Mode.RACES)) {
      Memory ranges = device.memory(16L * totalRows, 0);
      Memory chunks = device.memory(24L * count, 0);
      Memory parts = device.memory(24L * count, 0);
      Memory totals = device.memory(48L * totalRows, 0);
      ByteBuffer chunk = chunks.rows();
      ByteBuffer part = parts.rows();
      for (int i = 0; i < count; i++) {
        chunk.putLong(24 * i + 8, i * 10_000_000_000L);
        part.putInt(-i).putInt(i % 5).putInt(7).putInt(i);
        // The largest ones are in chunks that one thread takes after another.
        part.putFloat(i % 300 == 0 ? 0 : i % 256 > 250 ? 2.5f : 1).putInt(-1 - i);
      }
      ByteBuffer range = ranges.rows();
      for (int k = 0; k < totalRows; k++) {
        range.putLong(starts[k]).putLong(starts[k + 1] - starts[k]);
      }
      device.upload();
      device.launch("spam4j_tally", totalRows, ranges, chunks, parts, totals);
      device.download();

      for (int k = 0; k < totalRows; k++) {
        assertTotal(k, part, starts[k], starts[k + 1], totals.rows().position(48 * k));
      }
    }
  }

  private static void assertTotal(int k, ByteBuffer parts, int from, int to, ByteBuffer total) {
    long[] expected = {0, 0, 0, 0, UpdateTally.NOWHERE};
    float largest = 0;
    for (int i = from; i < to; i++) {
      for (int field = 0; field < 4; field++) {
        expected[field] += Integer.toUnsignedLong(parts.getInt(24 * i + 4 * field));
      }
      if (parts.getFloat(24 * i + 16) > largest) {
        largest = parts.getFloat(24 * i + 16);
        expected[4] = i * 10_000_000_000L + Integer.toUnsignedLong(-1 - i);
      }
    }
    for (int field = 0; field < 5; field++) {
      assertThat(total.getLong()).as("total %d, field %d", k, field).isEqualTo(expected[field]);
    }
    assertThat(total.getFloat()).as("total %d, largest ratio", k).isEqualTo(largest);
  }
}
