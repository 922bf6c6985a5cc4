package io.spam4j.cuda;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import io.spam4j.engine.LoadOptions;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.engine.SaveOptions;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.HostCopies;
import io.spam4j.engine.device.PlannedStep;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.device.StepFacts;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A {@link CudaOptimizer} at work: plans steps on the host, and queues them to the device. */
final class CudaRun implements AutoCloseable {
  /** Steps that may be under way at a time. */
  private static final int SLOTS = 4;

  private static final long LEAST_STAGING = 64 << 10;
  private static final long MOST_STAGING = 16 << 20;

  private final CudaStream stream;
  private final DeviceContext context;
  private final List<CudaParameter> parameters;
  private final Launching launching;
  private final Opened opened = new Opened();
  private final StepPlanner planner;
  private final TensorTable table;
  private final ChunkTable chunks;
  private final StepMemory memory;
  private final Moments moments;
  private final Launches launches;
  private final Work whole = new Whole();
  private final Staging staging;
  private final StepSlot[] slots = new StepSlot[SLOTS];
  private @Nullable CudaGraph graph;

  private final @Nullable DeviceTensor[] gradients; // of the step at work
  private final BitSet hasGradient;
  private int nextSlot;
  private int oldestSlot;
  private @Nullable Throwable lost; // what broke off a step in the middle
  private boolean closed;

  CudaRun(
      OptimizerBuilder<?> settings,
      CudaStream stream,
      List<CudaParameter> parameters,
      Launching launching) {
    this.stream = stream;
    this.parameters = parameters;
    this.launching = launching;
    context = stream.context();
    context.enter();
    int count = parameters.size();
    gradients = new DeviceTensor[count];
    hasGradient = new BitSet(count);
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    parameters.forEach(parameter -> shapes.put(parameter.name(), parameter.weights().shape()));
    long[] elements = parameters.stream().mapToLong(p -> p.weights().elements()).toArray();
    planner = settings.planner(shapes, new Copies());
    opened.add(planner::close);
    try {
      Arena arena = Arena.ofAuto();
      table = new TensorTable(arena, count);
      chunks = ChunkTable.ofUpdate(arena, elements, planner::isSparse);
      ChunkTable measured = ChunkTable.ofMeasure(arena, elements);
      KernelLibrary library = opened.add(KernelLibrary.load(context, context.kernels()));
      memory = new StepMemory(context, planner, chunks, measured);
      opened.add(memory::close);
      staging = new Staging(stream, opened.add(PinnedBuffer.allocate(context, stagingBytes())));
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
              new Remap(stream, library.kernel("spam4j_remap")));
      opened.add(moments::close);
      launches = new Launches(library, memory, planner, chunks, measured);
      for (int i = 0; i < SLOTS; i++) {
        slots[i] = new StepSlot(context, opened, memory, planner);
      }
      uploadTables(measured);
    } catch (RuntimeException | Error e) {
      CloseFailures.closeAfter(e, opened::close);
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
    return context.ordinal();
  }

  /** The shape of a parameter's state tensors. */
  long[] momentShape(int parameter) {
    return planner.isSparse(parameter)
        ? new long[] {moments.of(parameter).count()}
        : parameters.get(parameter).weights().shape();
  }

  /** What a step queues between its decisions and its results. */
  interface Work {
    /** Queues the pass over the gradients that finds their statistics, if they are needed. */
    void measure(CudaStream stream);

    /** Queues decisions that depend on statistics, and the update. */
    void update(CudaStream stream);
  }

  /** All parameters at once. */
  private final class Whole implements Work {
    @Override
    public void measure(CudaStream stream) {
      launches.whole().measure(stream);
      launches.sum(stream);
    }

    @Override
    public void update(CudaStream stream) {
      launches.decide(stream);
      launches.whole().update(stream);
      launches.tally(stream);
    }
  }

  Launches launches() {
    return launches;
  }

  /** See {@link CudaOptimizer#step}. */
  void step(CudaGradients source) {
    step(i -> source.of(parameters.get(i).name()), whole);
  }

  /**
   * The same with work of another shape.
   *
   * @param source gives the gradient of a parameter by its number, or null
   */
  void step(IntFunction<@Nullable DeviceTensor> source, Work work) {
    requireUsable();
    collect(source);
    reportComplete();
    StepSlot slot = freeSlot();
    boolean admitted = admit(slot, work);
    if (!admitted) {
      return;
    }
    PlannedStep plan = planner.plan(hasGradient);
    try {
      StepFacts facts = plan.facts();
      moments.prepare(plan);
      queue(plan, slot, work);
      slot.expect(facts);
    } catch (RuntimeException | Error e) {
      plan.discard();
      CloseFailures.closeAfter(e, moments::discard);
      table.invalidate();
      throw e;
    }
    plan.commit();
    nextSlot = (nextSlot + 1) % SLOTS;
  }

  private void requireUsable() {
    if (closed) {
      throw new IllegalStateException("the optimizer must be open: it was closed");
    }
    context.enter();
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

  private boolean admit(StepSlot slot, Work work) {
    if (!planner.hasToAdmit()) {
      return true;
    }
    reportAll();
    sendTensors(slot);
    work.measure(stream);
    return planner.admits(hasGradient, slot.statistics(stream));
  }

  private void sendTensors(StepSlot slot) {
    if (table.isChanged()) {
      slot.sendTensors(stream, table);
      table.uploaded();
    }
  }

  /** Queues a step; if that fails the state on the device may be half of it. */
  private void queue(PlannedStep plan, StepSlot slot, Work work) {
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
      launch(work);
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

  private void launch(Work work) {
    if (launching == Launching.KERNELS) {
      launchKernels(work);
      return;
    }
    if (graph == null) {
      CudaGraph captured = CudaGraph.capture(stream, () -> launchKernels(work));
      opened.add(captured::close);
      graph = captured;
    }
    graph.launch(stream);
  }

  private void launchKernels(Work work) {
    if (!planner.hasToAdmit()) { // which has measured already
      work.measure(stream);
    }
    work.update(stream);
  }

  /** A slot that no step uses, after waiting for the oldest if there is none. */
  private StepSlot freeSlot() {
    StepSlot slot = slots[nextSlot];
    if (slot.isBusy()) {
      reportOldest();
    }
    slot.await();
    return slot;
  }

  private void reportOldest() {
    StepSlot slot = slots[oldestSlot];
    oldestSlot = (oldestSlot + 1) % SLOTS;
    slot.report(planner);
  }

  private void reportComplete() {
    while (slots[oldestSlot].isBusy() && slots[oldestSlot].isComplete()) {
      reportOldest();
    }
  }

  /** Waits for all steps, and reports them. */
  void reportAll() {
    requireOpen();
    while (slots[oldestSlot].isBusy()) {
      reportOldest();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the optimizer must be open: it was closed");
    }
  }

  /** Brings the histories that transforms keep from the device to the planner. */
  void fetchHistories() {
    reportAll();
    if (memory.histories.bytes() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate(memory.histories.bytes(), 8);
      stream.download(memory.histories, rows);
      int numbers = (int) (DeviceTables.HISTORY / Double.BYTES);
      for (int k = 0; k < planner.transforms().size(); k++) {
        for (int i = 0; i < gradients.length; i++) {
          long at = ((long) k * gradients.length + i) * DeviceTables.HISTORY;
          double[] history = new double[numbers];
          MemorySegment.copy(rows, JAVA_DOUBLE, at, history, 0, numbers);
          planner.setHistory(k, i, history);
        }
      }
    }
  }

  void save(Path file, SaveOptions options) throws IOException {
    requireUsable();
    fetchHistories();
    planner.save(file, options);
  }

  void load(Path file, LoadOptions options) throws IOException {
    requireOpen();
    context.enter();
    if (lost == null) {
      reportAll();
    }
    try (RestoredState restored = planner.load(file, options)) {
      try {
        for (int i = 0; i < gradients.length; i++) {
          moments.prepare(i, restored.momentCount(i));
        }
      } catch (RuntimeException | Error e) {
        CloseFailures.closeAfter(e, moments::discard);
        throw e;
      }
      fill(restored);
      restored.commit();
    }
    for (StepSlot slot : slots) {
      slot.abandon();
    }
    oldestSlot = nextSlot;
    lost = null;
  }

  private void fill(RestoredState restored) {
    try {
      for (int i = 0; i < gradients.length; i++) {
        moments.restore(i, restored.mask(i));
        for (int k = 0; k < planner.state().size(); k++) {
          DeviceBuffer buffer = moments.of(i).tensor(k);
          if (buffer != null) {
            stream.upload(restored.state(i, planner.state().get(k)).memory(), buffer);
          }
        }
        Tensor weights = restored.weights(i).orElse(null);
        if (weights != null) {
          stream.upload(weights.memory(), parameters.get(i).weights().buffer());
        }
      }
      sendSelectionsIfAny();
      sendHistories(restored);
    } catch (RuntimeException | Error e) {
      lost = e;
      throw e;
    }
  }

  private void sendSelectionsIfAny() {
    if (chunks.sparseChunks() > 0) {
      sendSelections();
    }
  }

  private void sendHistories(RestoredState restored) {
    if (memory.histories.bytes() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate(memory.histories.bytes(), 8);
      for (int k = 0; k < planner.transforms().size(); k++) {
        for (int i = 0; i < gradients.length; i++) {
          double[] history = restored.history(k, i);
          long at = ((long) k * gradients.length + i) * DeviceTables.HISTORY;
          MemorySegment.copy(history, 0, rows, JAVA_DOUBLE, at, history.length);
        }
      }
      stream.upload(rows, memory.histories);
    }
  }

  MemoryReport memory() {
    requireOpen();
    return new MemoryReport(moments.momentBytes(), moments.indexBytes(), memory.bytes());
  }

  /** Copies of what is on the device, for the planner. */
  private final class Copies implements HostCopies {
    @Override
    public Tensor weights(int parameter, Arena arena) {
      DeviceTensor weights = parameters.get(parameter).weights();
      return copy(weights.buffer(), weights.shape(), arena);
    }

    @Override
    public Tensor gradient(int parameter, Arena arena) {
      DeviceTensor gradient = gradients[parameter];
      if (gradient == null) {
        throw new IllegalStateException(
            "there must be a gradient: parameter=" + parameters.get(parameter).name());
      }
      return copy(gradient.buffer(), gradient.shape(), arena);
    }

    @Override
    public Tensor state(int parameter, String name, Arena arena) {
      DeviceBuffer buffer = moments.of(parameter).tensor(planner.state().indexOf(name));
      return copy(buffer, momentShape(parameter), arena);
    }

    private Tensor copy(@Nullable DeviceBuffer from, long[] shape, Arena arena) {
      Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
      if (from != null) {
        stream.download(from, tensor.memory());
      }
      return tensor;
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    context.checkOwner();
    CloseFailures failures = new CloseFailures();
    if (lost == null && !context.isLost() && !context.isClosed()) {
      failures.run(this::reportAll);
    }
    closed = true;
    if (!context.isLost() && !context.isClosed()) {
      failures.run(stream::synchronize); // work of a step that broke off uses what is freed
    }
    failures.run(opened::close);
    failures.throwFirst();
  }
}
