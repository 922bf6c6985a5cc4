package io.spam4j.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.cuda.HostKernels.Kernel;
import io.spam4j.engine.kernel.Operands;
import io.spam4j.engine.kernel.Update;
import io.spam4j.engine.kernel.UpdateCoefficients;
import io.spam4j.engine.kernel.UpdateTally;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The update kernels, compiled for the CPU under its sanitizers, give the bits of the engine. */
class HostUpdateTest {
  private static final int CHUNK = 512;
  private static final int TILE = 65536;
  private static final float[] SPECIAL = {
    0,
    -0f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MIN_VALUE,
    -Float.MIN_NORMAL,
    1e-30f,
    1e20f,
    -1e20f,
    Float.MAX_VALUE,
    -Float.MAX_VALUE
  };

  @TempDir private static Path folder;
  private static Path program = Path.of("");

  private final Random random = new Random(1);

  /** A tensor, its selected elements (all, where it is dense), and what the step does with it. */
  private static final class Case {
    final float[] weights;
    final float[] gradient;
    final float[] first;
    final float[] second;
    final int[] positions;
    final int shift; // of all streams, in bytes
    final UpdateCoefficients coefficients;

    Case(
        float[] weights,
        float[] gradient,
        float[] first,
        float[] second,
        int[] positions,
        int shift,
        UpdateCoefficients coefficients) {
      this.weights = weights;
      this.gradient = gradient;
      this.first = first;
      this.second = second;
      this.positions = positions;
      this.shift = shift;
      this.coefficients = coefficients;
    }

    boolean isSparse() {
      return first.length != weights.length;
    }
  }

  @BeforeAll
  static void compile() throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/g++")), "no g++ to compile the kernels with");
    program = HostKernels.compile(folder);
  }

  @Test
  void update_denseTensorsOfAllShapes() throws IOException, InterruptedException {
    List<Case> cases = new ArrayList<>();
    for (int n : new int[] {1, 3, 4, 5, 255, 512, 513, 1021, 1024, 1100}) {
      for (int shift : new int[] {0, 4}) {
        int[] all = IntStream.range(0, n).toArray();
        cases.add(makeCase(n, all, shift));
      }
    }
    compare(cases, Kernel.UPDATE);
  }

  @Test
  void update_sparseTensors() throws IOException, InterruptedException {
    List<Case> cases = new ArrayList<>();
    for (int step : new int[] {3, 90, 700, 70_000}) {
      int n = 2 * TILE + 4099;
      int[] some =
          IntStream.range(0, n).filter(i -> random.nextInt(step) == 0 || i == n - 1).toArray();
      cases.add(makeCase(n, some, 0));
    }
    compare(cases, Kernel.UPDATE_SPARSE);
  }

  private Case makeCase(int n, int[] positions, int shift) {
    float[] weights = values(n, 0);
    float[] gradient = values(n, 0.02);
    float[] first = values(positions.length, 0.01);
    float[] second = values(positions.length, 0);
    for (int i = 0; i < second.length; i++) {
      float scale = random.nextInt(8) == 0 ? 0 : random.nextInt(50) == 0 ? 1e-38f : 1e-3f;
      second[i] = second[i] * second[i] * scale;
    }
    return new Case(weights, gradient, first, second, positions, shift, coefficients());
  }

  private float[] values(int n, double special) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] =
          random.nextDouble() < special
              ? SPECIAL[random.nextInt(SPECIAL.length)]
              : (float) random.nextGaussian();
    }
    return values;
  }

  private UpdateCoefficients coefficients() {
    var c = new UpdateCoefficients();
    c.gradientScale = one() ? 1 : 0.7f;
    if (one()) {
      c.clipAbove = 0.9f;
      c.clipDivisor = 1.1f;
      c.clipTo = 0.85f;
    }
    c.normScale = one() ? 1 : 1.3f;
    c.gradientLimit = one() ? Float.POSITIVE_INFINITY : 1e18f;
    c.coupledDecay = one() ? 0 : 0.01f;
    c.spikeThreshold = one() ? 1000 : random.nextInt(3) == 0 ? Float.POSITIVE_INFINITY : 1;
    c.nullifiesSpikes = one();
    c.clipsAtZero = one();
    c.skipsNonFinite = one();
    c.beta1 = 0.9f;
    c.oneMinusBeta1 = (float) (1 - 0.9);
    c.beta2 = 0.999f;
    c.oneMinusBeta2 = (float) (1 - 0.999);
    c.flushBelow = one() ? 0 : Float.MIN_NORMAL;
    c.epsilon = one() ? 0 : 1e-8f;
    c.stepSize = random.nextInt(4) == 0 ? 0 : 1e-3f;
    c.decayBefore = one() ? 1 : 0.999f;
    c.decayAfter = one() ? 0 : 0.001f;
    c.leavesWeights = random.nextInt(6) == 0;
    c.resetsMoments = random.nextInt(4) == 0;
    c.zeroesMomentsAfter = random.nextInt(6) == 0;
    return c;
  }

  private boolean one() {
    return random.nextBoolean();
  }

  private static void compare(List<Case> cases, Kernel kernel)
      throws IOException, InterruptedException {
    var device = new DeviceTables(cases);
    device.kernels.launch(
        kernel,
        device.chunkCount,
        device.tensors,
        device.chunks,
        device.coefficients,
        device.parts);
    device.kernels.launch(
        Kernel.TALLY, cases.size(), device.ranges, device.chunks, device.parts, device.totals);
    device.kernels.run(program);

    long spikes = 0;
    for (int i = 0; i < cases.size(); i++) {
      Case one = cases.get(i);
      UpdateTally tally = updateInJava(one);
      String name = "tensor %d, %d elements".formatted(i, one.weights.length);
      assertBits(name + " weights", device.streams.get(4 * i), one.weights);
      assertBits(name + " first", device.streams.get(4 * i + 2), one.first);
      assertBits(name + " second", device.streams.get(4 * i + 3), one.second);
      ByteBuffer total = device.totals;
      assertThat(total.getLong(48 * i)).as(name + " spikes").isEqualTo(tally.spikes);
      assertThat(total.getLong(48 * i + 8)).as(name + " skipped").isEqualTo(tally.skipped);
      assertThat(total.getLong(48 * i + 16)).as(name + " lowered").isEqualTo(tally.lowered);
      assertThat(total.getLong(48 * i + 24)).as(name + " clamped").isEqualTo(tally.clamped);
      assertThat(total.getLong(48 * i + 32)).as(name + " place").isEqualTo(tally.largestAt);
      assertThat(total.getFloat(48 * i + 40)).as(name + " ratio").isEqualTo(tally.largestRatio);
      spikes += tally.spikes;
    }
    assertThat(spikes).as("spikes in all cases").isPositive();
  }

  private static void assertBits(String name, ByteBuffer actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      // NaN payloads may differ.
      assertThat(Float.floatToIntBits(actual.getFloat(4 * i)))
          .as("%s[%d]: %s, expected %s", name, i, actual.getFloat(4 * i), expected[i])
          .isEqualTo(Float.floatToIntBits(expected[i]));
    }
  }

  /** The step by the engine; the arrays of the case become what they are after it. */
  private static UpdateTally updateInJava(Case one) {
    var tally = new UpdateTally();
    try (Arena arena = Arena.ofConfined()) {
      int count = one.positions.length;
      MemorySegment w = arena.allocate(4L * count);
      MemorySegment g = arena.allocate(4L * count);
      for (int i = 0; i < count; i++) {
        w.set(JAVA_FLOAT_UNALIGNED, 4L * i, one.weights[one.positions[i]]);
        g.set(JAVA_FLOAT_UNALIGNED, 4L * i, one.gradient[one.positions[i]]);
      }
      MemorySegment m = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, one.first);
      MemorySegment v = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, one.second);
      zero(one.coefficients.resetsMoments, m, v);
      Update.apply(Operands.of(w, g, m, v), 0, count, one.coefficients, tally);
      zero(one.coefficients.zeroesMomentsAfter, m, v);
      for (int i = 0; i < count; i++) {
        one.weights[one.positions[i]] = w.get(JAVA_FLOAT_UNALIGNED, 4L * i);
        one.first[i] = m.get(JAVA_FLOAT_UNALIGNED, 4L * i);
        one.second[i] = v.get(JAVA_FLOAT_UNALIGNED, 4L * i);
      }
    }
    if (tally.largestAt != UpdateTally.NOWHERE) {
      tally.largestAt = one.positions[Math.toIntExact(tally.largestAt)];
    }
    return tally;
  }

  private static void zero(boolean zeroes, MemorySegment m, MemorySegment v) {
    if (zeroes) {
      m.fill((byte) 0);
      v.fill((byte) 0);
    }
  }

  /** The tables that the kernels read, laid out as in src/main/cuda/README.md. */
  private static final class DeviceTables {
    final HostKernels kernels = new HostKernels();
    final List<ByteBuffer> streams = new ArrayList<>();
    final ByteBuffer tensors;
    final ByteBuffer coefficients;
    final ByteBuffer ranges;
    final ByteBuffer totals;
    final ByteBuffer chunks;
    final ByteBuffer parts;
    final int chunkCount;

    DeviceTables(List<Case> cases) {
      tensors = kernels.memory(64L * cases.size(), 0);
      coefficients = kernels.memory(80L * cases.size(), 0);
      ranges = kernels.memory(16L * cases.size(), 0);
      totals = kernels.memory(48L * cases.size(), 0);
      List<long[]> rows = new ArrayList<>();
      for (int i = 0; i < cases.size(); i++) {
        Case one = cases.get(i);
        float[][] data = {one.weights, one.gradient, one.first, one.second};
        for (int k = 0; k < data.length; k++) {
          ByteBuffer stream = kernels.memory(4L * data[k].length, one.shift);
          stream.asFloatBuffer().put(data[k]);
          streams.add(stream);
          kernels.point(tensors, 64 * i + 8 * k, stream);
        }
        tensors.putLong(64 * i + 40, one.weights.length).putLong(64 * i + 48, one.first.length);
        put(one.coefficients, coefficients.position(80 * i));
        ranges.putLong(16 * i, rows.size());
        if (one.isSparse()) {
          ByteBuffer positions = kernels.memory(2L * one.positions.length, 0);
          for (int at : one.positions) {
            positions.putShort((short) (at % TILE));
          }
          kernels.point(tensors, 64 * i + 32, positions);
          addTiles(rows, one.positions, i);
        } else {
          for (int from = 0; from < one.weights.length; from += CHUNK) {
            rows.add(new long[] {from, from, Math.min(CHUNK, one.weights.length - from), i});
          }
        }
        ranges.putLong(16 * i + 8, rows.size() - ranges.getLong(16 * i));
      }
      chunkCount = rows.size();
      chunks = kernels.memory(24L * chunkCount, 8);
      parts = kernels.memory(24L * chunkCount, 8);
      for (long[] row : rows) {
        chunks.putLong(row[0]).putLong(row[1]).putInt((int) row[2]).putInt((int) row[3]);
      }
    }

    private static void addTiles(List<long[]> rows, int[] positions, int tensor) {
      for (int from = 0, to = 0; from < positions.length; from = to) {
        int tile = positions[from] / TILE;
        while (to < positions.length && positions[to] / TILE == tile) {
          to++;
        }
        rows.add(new long[] {from, (long) tile * TILE, to - from, tensor});
      }
    }

    private static void put(UpdateCoefficients c, ByteBuffer row) {
      row.putFloat(c.gradientScale).putFloat(c.clipAbove).putFloat(c.clipDivisor);
      row.putFloat(c.clipTo).putFloat(c.normScale).putFloat(c.gradientLimit);
      row.putFloat(c.coupledDecay).putFloat(c.spikeThreshold).putFloat(c.beta1);
      row.putFloat(c.oneMinusBeta1).putFloat(c.beta2).putFloat(c.oneMinusBeta2);
      row.putFloat(c.flushBelow).putFloat(c.epsilon).putFloat(c.stepSize);
      row.putFloat(c.decayBefore).putFloat(c.decayAfter);
      boolean[] flags = {
        c.nullifiesSpikes,
        c.clipsAtZero,
        c.skipsNonFinite,
        c.leavesWeights,
        c.resetsMoments,
        c.zeroesMomentsAfter
      };
      int bits = 0;
      for (int i = 0; i < flags.length; i++) {
        bits |= flags[i] ? 1 << i : 0;
      }
      row.putInt(bits);
    }
  }
}
