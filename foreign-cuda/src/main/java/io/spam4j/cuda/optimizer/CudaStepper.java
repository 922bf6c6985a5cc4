package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaGraph;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.KernelLibrary;
import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.engine.LoadOptions;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.engine.SaveOptions;
import io.spam4j.engine.device.PlannedStep;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.device.StepFacts;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A {@link CudaOptimizer} at work: plans steps on the host, and queues them to the device. */
final class CudaStepper implements AutoCloseable {
  private static final long LEAST_STAGING = 64 << 10;
  private static final long MOST_STAGING = 16 << 20;

  private final CudaStream stream;
  private final CudaDevice device;
  private final List<CudaParameter> parameters;
  private final Launching launching;
  private final Closer closer = new Closer();
  private final StepPlanner planner;
  private final TensorTable table;
  private final ChunkTable chunks;
  private final StepMemory memory;
  private final Moments moments;
  private final StepLaunches launches;
  private final UploadStaging staging;
  private final StepSlots slots;
  private final TransformHistories histories;
  private @Nullable CudaGraph graph;

  private final @Nullable DeviceTensor[] gradients; // of the step at work
  private final BitSet hasGradient;
  private @Nullable Throwable lost; // what broke off a step in the middle
  private boolean closed;

  CudaStepper(
      OptimizerBuilder<?> settings,
      CudaStream stream,
      List<CudaParameter> parameters,
      Launching launching) {
    this.stream = stream;
    this.parameters = parameters;
    this.launching = launching;
    device = stream.device();
    device.requireUsable();
    int count = parameters.size();
    gradients = new DeviceTensor[count];
    hasGradient = new BitSet(count);
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    parameters.forEach(parameter -> shapes.put(parameter.name(), parameter.weights().shape()));
    long[] elements = parameters.stream().mapToLong(p -> p.weights().elements()).toArray();
    planner =
        settings.planner(shapes, new CudaHostCopies(stream, parameters, gradients, this::moments));
    closer.add(planner);
    try {
      Arena arena = Arena.ofAuto();
      table = new TensorTable(arena, count);
      chunks = ChunkTable.ofUpdate(arena, elements, planner::isSparse);
      ChunkTable measured = ChunkTable.ofMeasure(arena, elements);
      KernelLibrary library = closer.add(device.loadShipped());
      memory = new StepMemory(device, planner, chunks, measured);
      closer.add(memory);
      staging = new UploadStaging(stream, closer.add(device.allocatePinned(stagingBytes())));
      for (int i = 0; i < count; i++) {
        table.setWeights(i, parameters.get(i).weights());
      }
      moments =
          new Moments(
              stream,
              planner,
              elements,
              table,
              chunks,
              staging,
              new MomentRemap(stream, library.kernel("spam4j_remap")));
      closer.add(moments);
      launches = new StepLaunches(library, memory, planner, chunks, measured);
      slots = new StepSlots(device, closer, memory, planner);
      histories = new TransformHistories(stream, memory.histories, planner);
      uploadTables(measured);
    } catch (RuntimeException | Error e) {
      CloseFailures.closeAfter(e, closer::close);
      throw e;
    }
  }

  private long stagingBytes() {
    long positions = chunks.sparseChunks() * ChunkTable.CHUNK;
    for (int i = 0; i < parameters.size(); i++) {
      positions += planner.isSparse(i) ? planner.moments(i) * Short.BYTES : 0;
    }
    return Math.min(MOST_STAGING, Math.max(positions, LEAST_STAGING));
  }

  private void uploadTables(ChunkTable measured) {
    staging.upload(chunks.chunks(), memory.chunks);
    staging.upload(chunks.ranges(), memory.tallyRanges);
    if (planner.measures()) {
      staging.upload(measured.chunks(), memory.measureChunks);
      staging.upload(measured.ranges(), memory.slotRanges);
    }
    if (memory.histories.bytes() > 0) {
      stream.fill(memory.histories, (byte) 0);
    }
    stream.synchronize();
  }

  StepPlanner planner() {
    return planner;
  }

  Moments moments() {
    return moments;
  }

  int ordinal() {
    return device.ordinal();
  }

  StepLaunches launches() {
    return launches;
  }

  /** See {@link CudaOptimizer#step}. */
  void step(CudaGradients source) {
    step(i -> source.of(parameters.get(i).name()), launches);
  }

  /**
   * The same with passes of another shape.
   *
   * @param source gives the gradient of a parameter by its number, or null
   */
  void step(IntFunction<@Nullable DeviceTensor> source, StepPasses passes) {
    requireUsable();
    collect(source);
    slots.reportComplete();
    StepSlot slot = slots.free();
    boolean admitted = admit(slot, passes);
    if (!admitted) {
      return;
    }
    PlannedStep plan = planner.plan(hasGradient);
    try {
      StepFacts facts = plan.facts();
      moments.prepare(plan);
      queue(plan, slot, passes);
      slot.expect(facts);
    } catch (RuntimeException | Error e) {
      plan.discard();
      CloseFailures.closeAfter(e, moments::discard);
      table.invalidate();
      throw e;
    }
    plan.commit();
    slots.advance();
  }

  private void requireUsable() {
    if (closed) {
      throw new IllegalStateException("the optimizer must be open: it was closed");
    }
    device.requireUsable();
    if (lost != null) {
      throw new IllegalStateException(
          "a step broke off in the middle, load a checkpoint: step=" + (planner.stepCount() + 1),
          lost);
    }
  }

  /** Asks for all gradients and checks them; only then the tables change. */
  private void collect(IntFunction<@Nullable DeviceTensor> source) {
    for (int i = 0; i < gradients.length; i++) {
      CudaParameter parameter = parameters.get(i);
      DeviceTensor gradient = source.apply(i);
      if (gradient != null && gradient != gradients[i]) {
        requireFit(parameter, gradient);
      }
      gradients[i] = gradient;
    }
    for (int i = 0; i < gradients.length; i++) {
      DeviceTensor gradient = gradients[i];
      table.setGradient(i, gradient == null ? 0 : gradient.buffer().address());
      hasGradient.set(i, gradient != null);
    }
  }

  private static void requireFit(CudaParameter parameter, DeviceTensor gradient) {
    if (!gradient.hasShapeOf(parameter.weights())) {
      throw new IllegalArgumentException(
          "gradient shape must equal weight shape: parameter=%s, gradient=%s, weight=%s"
              .formatted(parameter.name(), gradient, parameter.weights()));
    }
    if (gradient.overlaps(parameter.weights())) {
      throw new IllegalArgumentException(
          "gradient must not overlap weights: parameter=%s, gradient=%s, weight=%s"
              .formatted(parameter.name(), gradient, parameter.weights()));
    }
  }

  private boolean admit(StepSlot slot, StepPasses passes) {
    if (!planner.hasToAdmit()) {
      return true;
    }
    reportAll();
    sendTensors(slot);
    passes.measure(stream);
    return planner.admits(hasGradient, slot.statistics(stream));
  }

  private void sendTensors(StepSlot slot) {
    if (table.isChanged()) {
      slot.sendTensors(stream, table);
      table.uploaded();
    }
  }

  /** Queues a step; if that fails the state on the device may be half of it. */
  private void queue(PlannedStep plan, StepSlot slot, StepPasses passes) {
    try {
      boolean selects = moments.change(plan);
      sendTensors(slot);
      if (selects) {
        sendSelections();
      }
      slot.sendDecisions(stream, plan);
      slot.begin(stream);
      for (int i = 0; i < gradients.length; i++) {
        if (plan.zeroesMissing(i)) {
          launches.zero(stream, i);
        }
      }
      launch(passes);
      slot.end(stream);
    } catch (RuntimeException | Error e) {
      lost = e;
      throw e;
    }
  }

  private void sendSelections() {
    long first = chunks.denseChunks() * ChunkTable.CHUNK;
    long bytes = chunks.sparseChunks() * ChunkTable.CHUNK;
    staging.upload(chunks.chunks().asSlice(first, bytes), memory.chunks.slice(first, bytes));
  }

  private void launch(StepPasses passes) {
    if (launching == Launching.KERNELS) {
      launchKernels(passes);
      return;
    }
    if (graph == null) {
      CudaGraph captured = CudaGraph.capture(stream, () -> launchKernels(passes));
      closer.add(captured);
      graph = captured;
    }
    graph.launch(stream);
  }

  private void launchKernels(StepPasses passes) {
    if (!planner.hasToAdmit()) { // which has measured already
      passes.measure(stream);
    }
    passes.update(stream);
  }

  /** Waits for all steps, and reports them. */
  void reportAll() {
    requireOpen();
    slots.reportAll();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the optimizer must be open: it was closed");
    }
  }

  /** Brings the histories that transforms keep from the device to the planner. */
  void fetchHistories() {
    reportAll();
    histories.fetch();
  }

  void save(Path file, SaveOptions options) throws IOException {
    requireUsable();
    fetchHistories();
    planner.save(file, options);
  }

  void load(Path file, LoadOptions options) throws IOException {
    requireOpen();
    device.requireUsable();
    reportAll();
    try (RestoredState restored = planner.load(file, options)) {
      try {
        for (int i = 0; i < gradients.length; i++) {
          moments.prepare(i, restored.momentCount(i));
        }
        fill(restored);
      } catch (RuntimeException | Error e) {
        CloseFailures.closeAfter(e, moments::discard);
        throw e;
      }
      restored.commit();
    }
    lost = null;
  }

  private void fill(RestoredState restored) {
    try {
      for (int i = 0; i < gradients.length; i++) {
        moments.restore(i, restored.mask(i));
        for (String name : planner.state()) {
          DeviceBuffer buffer = moments.tensor(i, name);
          if (buffer != null) {
            stream.upload(restored.state(i, name).memory(), buffer);
          }
        }
        Tensor weights = restored.weights(i).orElse(null);
        if (weights != null) {
          stream.upload(weights.memory(), parameters.get(i).weights().buffer());
        }
      }
      if (chunks.sparseChunks() > 0) {
        sendSelections();
      }
      histories.send(restored);
    } catch (RuntimeException | Error e) {
      lost = e;
      throw e;
    }
  }

  MemoryReport memory() {
    requireOpen();
    return new MemoryReport(moments.momentBytes(), moments.indexBytes(), memory.bytes());
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    device.requireOwner();
    CloseFailures failures = new CloseFailures();
    try {
      if (!device.isLost() && !device.isClosed()) {
        failures.run(this::reportAll);
      }
    } finally { // also after an Error of a listener
      closed = true;
      if (!device.isLost() && !device.isClosed()) {
        failures.run(stream::synchronize); // work of a step that broke off uses what is freed
      }
      failures.run(closer::close);
    }
    failures.throwFirst();
  }
}
