package io.spam4j.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.kernel.Operands;
import io.spam4j.engine.kernel.Update;
import io.spam4j.engine.kernel.UpdateCoefficients;
import io.spam4j.engine.kernel.UpdateTally;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The PTX that is shipped, loaded and launched by the binding, on the stand-in that interprets it:
 * the same bits as the engine's own update, step after step.
 */
final class ShippedKernelTest {
  private static final int N = 4099;
  private static final int CHUNK = 1024;
  private static final int STEPS = 30;
  private static final int THREADS = 256;

  @Test
  void update_givesTheEnginesBits() throws IOException {
    Map<String, String> properties = Map.of("spam4j.cuda.library", NativeBuild.cudart().toString());
    CudaProbe probe =
        CudaProbe.of(
            new Host(
                name -> properties.getOrDefault(name, System.getProperty(name)),
                name -> null,
                List.of(),
                "/nowhere"));
    try (CudaDevice device = CudaDevice.open(probe.usable(), 0);
        Arena arena = Arena.ofConfined()) {
      compare(device, arena);
    }
  }

  private static void compare(CudaDevice device, Arena arena) throws IOException {
    var random = new Random(7);
    CudaStream stream = device.stream();
    Kernel update = device.load(ptx()).kernel("spam4j_update");
    List<MemorySegment> host = new ArrayList<>(); // weights, gradient, first and second moment
    List<DeviceBuffer> streams = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      host.add(arena.allocate(JAVA_FLOAT, N));
      streams.add(device.allocate(4L * N));
    }
    fill(host.get(0), random, 1);
    for (int i : new int[] {0, 2, 3}) {
      stream.upload(host.get(i), streams.get(i));
    }
    DeviceBuffer tensor = device.allocate(64);
    stream.upload(tensorRow(arena, streams), tensor);
    int chunks = (N + CHUNK - 1) / CHUNK;
    DeviceBuffer chunkTable = device.allocate(24L * chunks);
    stream.upload(chunkRows(arena, chunks), chunkTable);
    DeviceBuffer coefficients = device.allocate(80);
    DeviceBuffer tallies = device.allocate(24L * chunks);
    MemorySegment result = arena.allocate(JAVA_FLOAT, N);
    MemorySegment tally = arena.allocate(24L * chunks, 8);
    long spikes = 0;
    for (int step = 1; step <= STEPS; step++) {
      fill(host.get(1), random, 100);
      stream.upload(host.get(1), streams.get(1));
      UpdateCoefficients c = coefficients(step);
      MemorySegment row = arena.allocate(80, 8);
      UpdateTables.put(c, row.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN));
      stream.upload(row, coefficients);
      var arguments = new KernelArguments(4);
      arguments.setBuffer(0, tensor).setBuffer(1, chunkTable);
      arguments.setBuffer(2, coefficients).setBuffer(3, tallies);
      update.launch(stream, chunks, THREADS, 0, arguments);

      UpdateTally expected = apply(host, c);
      for (int i : new int[] {0, 2, 3}) {
        stream.download(streams.get(i), result);
        assertThat(result.mismatch(host.get(i))).as("stream %d at step %d", i, step).isEqualTo(-1);
      }
      stream.download(tallies, tally);
      long counted = 0;
      for (int i = 0; i < chunks; i++) {
        counted += tally.get(JAVA_INT, 24L * i);
      }
      assertThat(counted).as("spikes at step %d", step).isEqualTo(expected.spikes);
      spikes += counted;
    }
    assertThat(spikes).isPositive();
  }

  private static UpdateTally apply(List<MemorySegment> host, UpdateCoefficients c) {
    if (c.resetsMoments) {
      Update.zero(host.get(2), 0, N);
      Update.zero(host.get(3), 0, N);
    }
    var o = new Operands();
    o.weights = host.get(0);
    o.gradient = host.get(1);
    o.firstMoment = host.get(2);
    o.secondMoment = host.get(3);
    var tally = new UpdateTally();
    tally.clear();
    Update.apply(o, 0, N, c, tally);
    return tally;
  }

  private static UpdateCoefficients coefficients(int step) {
    var c = new UpdateCoefficients();
    c.gradientScale = 0.7f;
    c.clipAbove = Float.POSITIVE_INFINITY;
    c.normScale = 1;
    c.gradientLimit = 1e18f;
    c.spikeThreshold = step % 10 < 3 ? Float.POSITIVE_INFINITY : 50;
    c.skipsNonFinite = true;
    c.beta1 = 0.9f;
    c.oneMinusBeta1 = (float) (1 - 0.9);
    c.beta2 = 0.99f;
    c.oneMinusBeta2 = (float) (1 - 0.99);
    c.flushBelow = Float.MIN_NORMAL;
    c.epsilon = 1e-6f;
    c.stepSize = 1e-2f;
    c.decayBefore = 1;
    c.decayAfter = 1e-3f;
    c.resetsMoments = step % 10 == 0;
    return c;
  }

  /** Normal values, every so many a thousand times larger, and some that are not finite. */
  private static void fill(MemorySegment values, Random random, int spikeOdds) {
    for (int i = 0; i < N; i++) {
      float value = (float) random.nextGaussian();
      boolean spikes = spikeOdds > 1 && random.nextInt(spikeOdds) == 0;
      values.setAtIndex(JAVA_FLOAT, i, spikes ? 1000 * value : value);
    }
    if (spikeOdds > 1) {
      values.setAtIndex(JAVA_FLOAT, random.nextInt(N), Float.NaN);
      values.setAtIndex(JAVA_FLOAT, random.nextInt(N), Float.NEGATIVE_INFINITY);
    }
  }

  private static MemorySegment tensorRow(Arena arena, List<DeviceBuffer> streams) {
    MemorySegment row = arena.allocate(64, 8);
    for (int i = 0; i < streams.size(); i++) {
      row.set(JAVA_LONG, 8L * i, streams.get(i).address());
    }
    row.set(JAVA_LONG, 40, N);
    row.set(JAVA_LONG, 48, N);
    return row;
  }

  private static MemorySegment chunkRows(Arena arena, int chunks) {
    MemorySegment rows = arena.allocate(24L * chunks, 8);
    for (int i = 0; i < chunks; i++) {
      rows.set(JAVA_LONG, 24L * i, (long) i * CHUNK);
      rows.set(JAVA_LONG, 24L * i + 8, (long) i * CHUNK);
      rows.set(JAVA_INT, 24L * i + 16, Math.min(CHUNK, N - i * CHUNK));
    }
    return rows;
  }

  private static String ptx() throws IOException {
    try (InputStream in = CudaDevice.class.getResourceAsStream("spam4j.ptx")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
