package io.spam4j.cuda;

import io.spam4j.cuda.SelfTestReport.Section;
import io.spam4j.cuda.SelfTestRows.Found;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Whether every optimizer has the bits of the CPU, launched kernel by kernel and as a graph. */
final class BitsCheck {
  /** Those that are compared on a tensor of several blocks of threads too. */
  private static final List<String> LARGE =
      List.of("adamw-amsgrad", "spam", "sparse-keep", "stable-spam-sparse", "four-transforms");

  private static final int EVERY = 10; // steps between comparisons

  private final CudaDevice device;
  private final CudaStream stream;
  private final SelfTestOptions options;

  BitsCheck(CudaDevice device, CudaStream stream, SelfTestOptions options) {
    this.device = device;
    this.stream = stream;
    this.options = options;
  }

  Section run(List<OptimizerCase> optimizers) {
    SelfTestRows rows = new SelfTestRows();
    for (OptimizerCase of : optimizers) {
      rows.add(of.name(), () -> compare(of, Twins.SHAPES));
    }
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>(Twins.SHAPES);
    shapes.put("large", new long[] {options.largeTensor()});
    for (OptimizerCase of : optimizers) {
      if (LARGE.contains(of.name())) {
        rows.add(of.name() + ", large", () -> compare(of, shapes));
      }
    }
    rows.add("gather and scatter", this::exchange);
    return rows.section("bits, %d steps".formatted(options.comparedSteps()));
  }

  private Found compare(OptimizerCase of, SequencedMap<String, long[]> shapes) {
    long values = 0;
    for (Launching launching : Launching.values()) {
      Differences differences = compare(of, shapes, launching);
      values += differences.values();
      if (differences.differing() > 0) {
        return Found.check(false, launching + ": " + Found.of(differences).detail());
      }
    }
    return Found.check(true, values + " values equal");
  }

  private Differences compare(
      OptimizerCase of, SequencedMap<String, long[]> shapes, Launching launching) {
    Differences differences = new Differences();
    try (Twins twins = new Twins(device, stream, of.builder().get(), shapes, launching)) {
      for (int t = 0; t < options.comparedSteps(); t++) {
        twins.step(t);
        if (t % EVERY == EVERY - 1 || t == options.comparedSteps() - 1) {
          differences.compare(twins.cpu, twins.gpu);
        }
      }
    }
    return differences;
  }

  /**
   * The two kernels that no optimizer launches: gradients to moments, and back to other weights.
   */
  private Found exchange() {
    short[] positions = {0, 3, 4, 250, 999};
    long bytes = 1000 * Float.BYTES;
    try (Arena arena = Arena.ofConfined();
        Opened opened = new Opened();
        KernelLibrary library = device.load(device.context().kernels())) {
      MemorySegment gradient = arena.allocate(bytes, Float.BYTES);
      MemorySegment expected = arena.allocate(bytes, Float.BYTES);
      for (int i = 0; i < 1000; i++) {
        gradient.setAtIndex(ValueLayout.JAVA_FLOAT, i, i + 0.5f);
      }
      for (short position : positions) {
        expected.setAtIndex(ValueLayout.JAVA_FLOAT, position, position + 0.5f);
      }
      MemorySegment chunk = arena.allocate(ChunkTable.CHUNK, Long.BYTES);
      chunk.setAtIndex(ValueLayout.JAVA_INT, 4, positions.length);
      DeviceBuffer from = upload(opened, gradient);
      DeviceBuffer to = upload(opened, arena.allocate(bytes, Float.BYTES));
      DeviceBuffer packed =
          upload(opened, arena.allocate(ValueLayout.JAVA_FLOAT, positions.length));
      DeviceBuffer selected = upload(opened, arena.allocateFrom(ValueLayout.JAVA_SHORT, positions));
      DeviceBuffer tensor =
          upload(
              opened,
              arena.allocateFrom(
                  ValueLayout.JAVA_LONG,
                  to.address(),
                  from.address(),
                  packed.address(),
                  0,
                  selected.address(),
                  1000,
                  positions.length,
                  0));
      KernelArguments arguments = new KernelArguments(2);
      arguments.setBuffer(0, tensor).setBuffer(1, upload(opened, chunk));
      library.kernel("spam4j_gather").launch(stream, 1, Launches.THREADS, 0, arguments);
      library.kernel("spam4j_scatter").launch(stream, 1, Launches.THREADS, 0, arguments);
      MemorySegment actual = arena.allocate(bytes, Float.BYTES);
      stream.download(to, actual);
      long at = expected.mismatch(actual);
      return at < 0
          ? Found.check(true, "1000 values equal")
          : Found.check(false, "values differ, the first at " + at / Float.BYTES);
    }
  }

  private DeviceBuffer upload(Opened opened, MemorySegment memory) {
    DeviceBuffer buffer = opened.add(device.allocate(memory.byteSize()));
    stream.upload(memory, buffer);
    return buffer;
  }
}
