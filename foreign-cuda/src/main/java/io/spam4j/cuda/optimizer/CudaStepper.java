package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaGraph;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.Kernel;
import io.spam4j.cuda.KernelLibrary;
import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.cuda.internal.state.ChunkTable;
import io.spam4j.cuda.internal.state.Moments;
import io.spam4j.cuda.internal.state.SelectionUpload;
import io.spam4j.cuda.internal.state.TensorTable;
import io.spam4j.cuda.internal.state.TransformHistories;
import io.spam4j.cuda.internal.state.UploadStaging;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.device.PlannedStep;
import io.spam4j.engine.device.StepFacts;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
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
  private final StepMemory memory;
  private final Moments moments;
  private final SelectionUpload selections;
  private final StepLaunches launches;
  private final StepSlots slots;
  private final TransformHistories histories;
  private final StepGradients gradients;
  private final CudaCheckpoint checkpoint;
  private final DeviceGuard guard = new DeviceGuard();
  private @Nullable CudaGraph graph;
  private boolean stepping;
  private boolean closing;
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
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    parameters.forEach(parameter -> shapes.put(parameter.name(), parameter.weights().shape()));
    long[] elements = parameters.stream().mapToLong(p -> p.weights().elements()).toArray();
    gradients = new StepGradients(parameters);
    var copies = new CudaHostCopies(stream, parameters, gradients);
    planner = closer.add(settings.planner(shapes, copies));
    try {
      Arena arena = Arena.ofAuto();
      table = new TensorTable(arena, elements.length);
      ChunkTable chunks = ChunkTable.ofUpdate(arena, elements, planner::isSparse);
      ChunkTable measured = ChunkTable.ofMeasure(arena, elements);
      KernelLibrary library = closer.add(device.loadShipped());
      memory = closer.add(new StepMemory(device, planner, chunks, measured));
      var pinned = closer.add(device.allocatePinned(stagingBytes(chunks)));
      var staging = new UploadStaging(stream, pinned);
      for (int i = 0; i < elements.length; i++) {
        table.setWeights(i, parameters.get(i).weights());
      }
      selections = new SelectionUpload(chunks, memory.chunks, staging);
      Kernel remap = library.kernel("spam4j_remap");
      moments = closer.add(new Moments(stream, planner, elements, table, selections, remap));
      copies.setMoments(moments);
      launches = new StepLaunches(library, memory, planner, chunks, measured);
      slots = new StepSlots(device, closer, memory, planner);
      histories = new TransformHistories(stream, memory.histories, planner);
      checkpoint = new CudaCheckpoint(stream, planner, parameters, moments, selections, histories);
      uploadTables(staging, chunks, measured);
    } catch (RuntimeException | Error e) {
      CloseFailures.closeAfter(e, closer::close);
      throw e;
    }
  }

  private long stagingBytes(ChunkTable chunks) {
    long positions = chunks.sparseChunks() * ChunkTable.CHUNK;
    for (int i = 0; i < parameters.size(); i++) {
      positions += planner.isSparse(i) ? planner.moments(i) * Short.BYTES : 0;
    }
    return Math.min(MOST_STAGING, Math.max(positions, LEAST_STAGING));
  }

  private void uploadTables(UploadStaging staging, ChunkTable chunks, ChunkTable measured) {
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
    requireNoStep();
    stepping = true;
    try {
      advance(source, passes);
    } finally {
      stepping = false;
    }
  }

  /** Refuses a step inside of another, and one while listeners are told of one. */
  void requireNoStep() {
    planner.requireTold();
    if (stepping) {
      throw new IllegalStateException(
          "an optimizer must do one step at a time, and one of its steps is running; wait until it"
              + " returns: optimizer="
              + planner.optimizer());
    }
  }

  private void advance(IntFunction<@Nullable DeviceTensor> source, StepPasses passes) {
    gradients.collect(source, table);
    requireUsable();
    slots.reportComplete();
    requireUsable(); // who was told may have closed it
    slots.makeRoom();
    requireUsable();
    StepSlot slot = slots.free();
    boolean admitted = admit(slot, passes);
    if (!admitted) {
      return;
    }
    PlannedStep plan = planner.plan(gradients.present());
    try {
      StepFacts facts = plan.facts();
      moments.prepare(plan);
      guard.change(() -> queue(plan, slot, passes));
      slot.expect(facts);
    } catch (RuntimeException | Error e) {
      plan.discard();
      CloseFailures.closeAfter(e, moments::discard);
      table.invalidate();
      throw e;
    }
    plan.commit();
    slots.advance();
    guard.complete();
  }

  private void requireUsable() {
    requireOpen();
    device.requireUsable();
    guard.requireWhole(planner.stepCount() + 1);
  }

  private boolean admit(StepSlot slot, StepPasses passes) {
    if (!planner.hasToAdmit()) {
      return true;
    }
    reportAll();
    requireUsable();
    sendTensors(slot);
    passes.measure(stream);
    return planner.admits(gradients.present(), slot.statistics(stream));
  }

  private void sendTensors(StepSlot slot) {
    if (table.isChanged()) {
      slot.sendTensors(stream, table);
      table.uploaded();
    }
  }

  private void queue(PlannedStep plan, StepSlot slot, StepPasses passes) {
    boolean selects = moments.change(plan);
    sendTensors(slot);
    if (selects) {
      selections.sendChunks();
    }
    slot.sendDecisions(stream, plan);
    slot.begin(stream);
    for (int i = 0; i < parameters.size(); i++) {
      if (plan.zeroesMissing(i)) {
        launches.zero(stream, i);
      }
    }
    launch(passes);
    slot.end(stream);
  }

  private void launch(StepPasses passes) {
    if (launching == Launching.KERNELS) {
      launchKernels(passes);
      return;
    }
    if (graph == null) {
      graph = closer.add(CudaGraph.capture(stream, () -> launchKernels(passes)));
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
    requireOpen();
    histories.fetch();
  }

  void save(Path file, SaveOptions options) throws IOException {
    requireUsable();
    reportAll();
    requireUsable();
    checkpoint.save(file, options);
  }

  LoadReport load(Path file, LoadOptions options) throws IOException {
    requireOpen();
    device.requireUsable();
    reportAll();
    requireOpen();
    return checkpoint.load(file, options, guard);
  }

  MemoryReport memory() {
    requireOpen();
    return new MemoryReport(moments.momentBytes(), moments.indexBytes(), memory.bytes());
  }

  @Override
  public void close() {
    if (closed || closing) { // the latter by a listener that it tells
      return;
    }
    device.requireOwner();
    closing = true;
    CloseFailures failures = new CloseFailures();
    try {
      if (!device.isLost() && !device.isClosed()) {
        for (int i = 0; i < StepSlots.COUNT; i++) { // a listener that throws ends each of them
          failures.run(slots::reportAll);
        }
      }
    } finally {
      closed = true;
      slots.forget();
      if (!device.isLost() && !device.isClosed()) {
        failures.run(stream::synchronize); // work of a step that broke off uses what is freed
      }
      failures.run(closer::close);
    }
    failures.throwFirst();
  }
}
