package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaException;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.StandIn;
import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A whole life of an optimizer on the stand-in, in which one call fails: build, steps across
 * resets, save, load, close. What failed is tried again, and the run has to come to the same end as
 * one without faults; a step that broke off in the middle first needs a checkpoint.
 */
final class FaultRun {
  /** What may throw. */
  @FunctionalInterface
  interface Action {
    void run() throws IOException;
  }

  private static final int SAVED = 4; // after this step the run saves, and later loads it again

  private final StandIn standIn;
  private final FaultReference reference;
  private final OptimizerBuilder<?> settings;
  private final Launching launching;
  private final Path file;
  private final List<Long> reported = new ArrayList<>();
  private final Map<String, DeviceTensor> weights = new HashMap<>();
  private final Map<String, DeviceTensor> gradients = new HashMap<>();
  private @Nullable CudaDevice device;
  private @Nullable CudaStream stream;
  private @Nullable CudaOptimizer optimizer;
  private @Nullable CudaException failure;
  private String phase = "";
  private boolean lost;
  private int step;

  /**
   * A run.
   *
   * @param settings fresh ones
   * @param file to save to
   */
  FaultRun(
      StandIn standIn,
      FaultReference reference,
      OptimizerBuilder<?> settings,
      Launching launching,
      Path file) {
    this.standIn = standIn;
    this.reference = reference;
    this.launching = launching;
    this.file = file;
    this.settings = settings.listener(report -> reported.add(report.step()));
  }

  /** What failed; null if nothing did. */
  @Nullable CudaException failure() {
    return failure;
  }

  /** What was being done when it failed. */
  String phase() {
    return phase;
  }

  /** Whether a step or a load broke off in the middle. */
  boolean hasLostState() {
    return lost;
  }

  /** Lives, and leaves nothing behind. */
  void run() throws IOException {
    try {
      live();
      attempt("close of the device", () -> device().close());
    } catch (CudaException e) {
      assertThat(e.deviceLost()).as("only a lost device ends the run: %s", e).isTrue();
      closeWhatIsLost(e);
      return;
    }
    assertThat(standIn.liveHandles()).as("handles after a failure in %s", phase).isZero();
    assertThat(standIn.liveBytes()).as("bytes after a failure in %s", phase).isZero();
  }

  private void live() throws IOException {
    attempt("open", () -> device = standIn.open());
    attempt("stream", () -> stream = device().stream());
    attempt("allocate", this::allocate);
    long handles = standIn.liveHandles();
    attempt("build", this::build);
    for (step = 1; step <= SAVED; step++) {
      step();
    }
    attempt("save", () -> optimizer().save(file, SaveOptions.defaults().withWeights()));
    assertThat(Files.readAllBytes(file)).isEqualTo(reference.checkpoint(SAVED));
    step();
    attempt("load", () -> optimizer().load(file, LoadOptions.strict().withWeights()));
    for (step = SAVED + 1; step <= FaultReference.STEPS; step++) {
      step();
    }
    attempt("report", () -> optimizer().report());
    attempt("save", () -> requireState(FaultReference.STEPS));
    assertThat(reported).containsExactly(1L, 2L, 3L, 4L, 5L, 5L, 6L, 7L);
    attempt("close", this::close);
    assertThat(standIn.liveHandles()).as("handles of the caller").isEqualTo(handles);
  }

  private CudaDevice device() {
    return Objects.requireNonNull(device);
  }

  private CudaStream stream() {
    return Objects.requireNonNull(stream);
  }

  private CudaOptimizer optimizer() {
    return Objects.requireNonNull(optimizer);
  }

  private void allocate() {
    try (Arena arena = Arena.ofConfined()) {
      for (String name : FaultReference.names()) {
        Tensor values = FaultReference.weights(name, arena);
        if (!weights.containsKey(name)) {
          weights.put(name, tensor(name));
        }
        stream().upload(values.memory(), of(weights, name).buffer());
        if (!gradients.containsKey(name)) {
          gradients.put(name, tensor(name));
        }
      }
    }
  }

  private DeviceTensor tensor(String name) {
    int size = FaultReference.size(name);
    return DeviceTensor.of(device().allocate((long) size * Float.BYTES), size);
  }

  private static DeviceTensor of(Map<String, DeviceTensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name));
  }

  private void build() {
    List<CudaParameter> parameters =
        FaultReference.names().stream()
            .map(name -> new CudaParameter(name, of(weights, name)))
            .toList();
    long handles = standIn.liveHandles();
    long bytes = standIn.liveBytes();
    try {
      optimizer = CudaOptimizer.build(settings, stream(), parameters, launching);
    } catch (CudaException e) {
      if (!e.deviceLost()) {
        assertThat(standIn.liveHandles()).as("handles after a failed build").isEqualTo(handles);
        assertThat(standIn.liveBytes()).as("bytes after a failed build").isEqualTo(bytes);
      }
      throw e;
    }
  }

  private void step() throws IOException {
    attempt("gradients", this::upload);
    attempt("step", this::queue);
  }

  private void upload() {
    try (Arena arena = Arena.ofConfined()) {
      for (String name : FaultReference.names()) {
        Tensor gradient = FaultReference.gradient(name, step, arena);
        stream().upload(gradient.memory(), of(gradients, name).buffer());
      }
    }
  }

  private void queue() {
    optimizer().step(name -> FaultReference.hasGradient(name, step) ? gradients.get(name) : null);
  }

  /** Does something, a second time if it fails and the device goes on. */
  private void attempt(String what, Action action) throws IOException {
    try {
      action.run();
    } catch (CudaException e) {
      if (failure != null) {
        throw e; // of a device that is lost
      }
      failure = e;
      phase = what;
      String function = standIn.failed();
      assertThat(e.function()).isEqualTo(function);
      assertThat(e.getMessage())
          .startsWith(function + " failed: ")
          .contains("status=" + standIn.statusText(e.status()));
      if (e.deviceLost()) {
        throw e;
      }
      again(what, action);
    }
  }

  private void again(String what, Action action) throws IOException {
    switch (what) {
      case "step" -> stepAgain();
      case "load" -> loadAgain();
      default -> action.run();
    }
  }

  private void stepAgain() throws IOException {
    Map<String, float[]> before = download();
    try {
      queue();
    } catch (IllegalStateException e) {
      requireLost(e, step);
      optimizer().load(reference.file(step - 1), withWeights());
      queue();
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      var saved = Checkpoint.open(reference.file(step - 1), arena).weights();
      before.forEach(
          (name, values) ->
              assertThat(values)
                  .as("weights before the step")
                  .isEqualTo(Objects.requireNonNull(saved.get(name)).toFloats()));
    }
  }

  private void loadAgain() throws IOException {
    try {
      requireState(step); // as it was
    } catch (IllegalStateException e) {
      requireLost(e, step + 1);
    }
    optimizer().load(reference.file(SAVED), withWeights());
  }

  private void requireLost(IllegalStateException e, int next) {
    lost = true;
    assertThat(e)
        .hasMessage("a step broke off in the middle, load a checkpoint: step=" + next)
        .hasCause(failure);
  }

  private Map<String, float[]> download() {
    Map<String, float[]> values = new HashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      weights.forEach(
          (name, tensor) -> {
            MemorySegment copy = arena.allocate(tensor.buffer().bytes(), 4);
            stream().download(tensor.buffer(), copy);
            values.put(name, copy.toArray(ValueLayout.JAVA_FLOAT));
          });
    }
    return values;
  }

  private static LoadOptions withWeights() {
    return LoadOptions.strict().withWeights();
  }

  private void requireState(int steps) throws IOException {
    optimizer().save(file, SaveOptions.defaults().withWeights());
    assertThat(Files.readAllBytes(file))
        .as("the state after a failure in %s: %s", phase, failure)
        .isEqualTo(reference.checkpoint(steps));
  }

  /** After a sticky error all is refused, and nothing is asked of CUDA any more. */
  private void closeWhatIsLost(CudaException first) {
    if (device == null) {
      return;
    }
    long calls = standIn.calls();
    if (!phase.startsWith("close")) {
      Action again = optimizer == null ? device::stream : this::queue;
      assertThatThrownBy(again::run)
          .isInstanceOf(CudaException.class)
          .hasMessage("the device is lost: device=0, cause=" + first.getMessage());
    }
    close();
    device.close();
    assertThat(StandIn.openCount(device)).isZero();
    assertThat(standIn.calls()).isEqualTo(calls);
  }

  private void close() {
    if (optimizer != null) {
      optimizer.close();
    }
  }
}
