package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.kernels.HostKernels.Kernel;
import io.spam4j.cuda.kernels.UpdateTables.Case;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The update kernels, compiled for the CPU under its sanitizers, give the bits of the engine. */
class HostUpdateTest {
  private static final int TILE = UpdateTables.TILE;
  private final Random random = new Random(1);
  private final UpdateCases drawn = new UpdateCases(1);

  @Test
  void update_denseTensorsOfAllShapes() throws IOException, InterruptedException {
    List<Case> cases = new ArrayList<>();
    for (int n : new int[] {1, 3, 4, 5, 255, 512, 513, 1021, 1024, 1100}) {
      for (int shift : new int[] {0, 4}) {
        int[] all = IntStream.range(0, n).toArray();
        cases.add(drawn.next(n, all, shift));
      }
    }
    UpdateTally counts = compare(cases, Kernel.UPDATE);

    assertThat(List.of(counts.spikes, counts.skipped, counts.lowered, counts.clamped))
        .allSatisfy(count -> assertThat(count).isPositive());
  }

  @Test
  void update_limitsOfItsRules() throws IOException, InterruptedException {
    int n = 1100;
    int[] all = IntStream.range(0, n).toArray();
    Case equalRatios = drawn.next(n, all);
    Arrays.fill(equalRatios.gradient, 3);
    Arrays.fill(equalRatios.second, 0.7f);
    equalRatios.coefficients.spikeThreshold = 2;
    // The square of the gradient is subnormal: too coarse for a ratio, as the next one is not.
    Case subnormalSquares = drawn.next(n, all);
    Arrays.fill(subnormalSquares.gradient, 1e-20f);
    Arrays.fill(subnormalSquares.second, Float.MIN_VALUE);
    subnormalSquares.gradient[700] = 2e-19f;
    subnormalSquares.second[700] = 1e-36f;
    Case infiniteSquares = drawn.next(n, all);
    Arrays.fill(infiniteSquares.gradient, 3e25f);
    Arrays.fill(infiniteSquares.second, 5);
    infiniteSquares.coefficients.gradientLimit = Float.POSITIVE_INFINITY;
    // Moments that become the limit itself are kept.
    Case flushed = drawn.next(n, all);
    Arrays.fill(flushed.gradient, 0);
    for (int i = 0; i < n; i++) {
      flushed.first[i] = i % 2 == 0 ? -2 * Float.MIN_NORMAL : 2 * Math.nextDown(Float.MIN_NORMAL);
      flushed.second[i] = i % 3 == 0 ? 2 * Float.MIN_NORMAL : Float.MIN_NORMAL;
    }
    flushed.coefficients.coupledDecay = 0;
    flushed.coefficients.beta1 = 0.5f;
    flushed.coefficients.beta2 = 0.5f;
    flushed.coefficients.flushBelow = Float.MIN_NORMAL;
    flushed.coefficients.resetsMoments = false;
    flushed.coefficients.zeroesMomentsAfter = false;
    for (Case plain : List.of(equalRatios, subnormalSquares, infiniteSquares)) {
      plain.coefficients.coupledDecay = 0;
      plain.coefficients.resetsMoments = false;
      plain.coefficients.gradientScale = 1;
      plain.coefficients.normScale = 1;
      plain.coefficients.clipAbove = Float.POSITIVE_INFINITY;
    }

    compare(List.of(equalRatios, subnormalSquares, infiniteSquares, flushed), Kernel.UPDATE);
  }

  @Test
  void tally_manyChunks() throws IOException, InterruptedException {
    int count = 700;
    int[] starts = {0, 1, 300, 700};
    var kernels = new HostKernels();
    ByteBuffer ranges = kernels.memory(16L * (starts.length - 1), 0);
    ByteBuffer chunks = kernels.memory(24L * count, 8);
    ByteBuffer parts = kernels.memory(24L * count, 8);
    ByteBuffer totals = kernels.memory(48L * (starts.length - 1), 0);
    for (int i = 0; i < count; i++) {
      chunks.putLong(24 * i + 8, i * 10_000_000_000L);
      parts.putInt(-i).putInt(i % 5).putInt(7).putInt(i);
      parts.putFloat(i % 300 == 0 ? 0 : i % 290 > 280 ? 2.5f : 1).putInt(-1 - i);
    }
    for (int k = 0; k + 1 < starts.length; k++) {
      ranges.putLong(starts[k]).putLong(starts[k + 1] - starts[k]);
    }
    kernels.launch(Kernel.TALLY, starts.length - 1, ranges, chunks, parts, totals);
    kernels.run();

    for (int k = 0; k + 1 < starts.length; k++) {
      long[] expected = {0, 0, 0, 0, -1};
      float largest = 0;
      for (int i = starts[k]; i < starts[k + 1]; i++) {
        for (int field = 0; field < 4; field++) {
          expected[field] += Integer.toUnsignedLong(parts.getInt(24 * i + 4 * field));
        }
        if (parts.getFloat(24 * i + 16) > largest) {
          largest = parts.getFloat(24 * i + 16);
          expected[4] = i * 10_000_000_000L + Integer.toUnsignedLong(-1 - i);
        }
      }
      for (int field = 0; field < 5; field++) {
        assertThat(totals.getLong(48 * k + 8 * field)).isEqualTo(expected[field]);
      }
      assertThat(totals.getFloat(48 * k + 40)).isEqualTo(largest);
    }
  }

  @Test
  void update_sparseTensors() throws IOException, InterruptedException {
    List<Case> cases = new ArrayList<>();
    for (int step : new int[] {3, 90, 700, 70_000}) {
      int n = 2 * TILE + 4099;
      int[] some =
          IntStream.range(0, n).filter(i -> random.nextInt(step) == 0 || i == n - 1).toArray();
      cases.add(drawn.next(n, some));
    }
    compare(cases, Kernel.UPDATE_SPARSE);
  }

  private static UpdateTally compare(List<Case> cases, Kernel kernel)
      throws IOException, InterruptedException {
    var device = new UpdateTables(cases);
    device.kernels.launch(
        kernel,
        device.chunkCount,
        device.tensors,
        device.chunks,
        device.coefficients,
        device.parts);
    device.kernels.launch(
        Kernel.TALLY, cases.size(), device.ranges, device.chunks, device.parts, device.totals);
    device.kernels.run();

    var all = new UpdateTally();
    for (int i = 0; i < cases.size(); i++) {
      Case one = cases.get(i);
      UpdateTally tally = UpdateCases.step(one);
      String name = "tensor %d, %d elements".formatted(i, one.weights.length);
      HostKernels.assertBits(name + " weights", device.streams.get(4 * i), one.weights);
      HostKernels.assertBits(name + " first", device.streams.get(4 * i + 2), one.first);
      HostKernels.assertBits(name + " second", device.streams.get(4 * i + 3), one.second);
      ByteBuffer total = device.totals;
      assertThat(total.getLong(48 * i)).as(name + " spikes").isEqualTo(tally.spikes);
      assertThat(total.getLong(48 * i + 8)).as(name + " skipped").isEqualTo(tally.skipped);
      assertThat(total.getLong(48 * i + 16)).as(name + " lowered").isEqualTo(tally.lowered);
      assertThat(total.getLong(48 * i + 24)).as(name + " clamped").isEqualTo(tally.clamped);
      assertThat(total.getLong(48 * i + 32)).as(name + " place").isEqualTo(tally.largestAt);
      assertThat(total.getFloat(48 * i + 40)).as(name + " ratio").isEqualTo(tally.largestRatio);
      all.spikes += tally.spikes;
      all.skipped += tally.skipped;
      all.lowered += tally.lowered;
      all.clamped += tally.clamped;
    }
    return all;
  }
}
