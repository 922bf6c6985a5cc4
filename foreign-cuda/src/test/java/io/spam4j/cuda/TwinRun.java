package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.NonFiniteGradientException;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.IndexMask;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One optimizer twice, on the CPU and on a device, with the same weights and gradients. */
final class TwinRun implements AutoCloseable {
  /** A matrix, a vector, a batch of matrices, a scalar, and one that often has no gradient. */
  static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("matrix", new long[] {13, 29});
    SHAPES.put("vector", new long[] {67});
    SHAPES.put("batch", new long[] {3, 5, 7});
    SHAPES.put("scalar", new long[] {});
    SHAPES.put("rare", new long[] {4, 10});
  }

  private final Arena arena = Arena.ofShared();
  private final CudaStream stream;
  private final Map<String, Tensor> weights = new LinkedHashMap<>();
  private final Map<String, Tensor> gradients = new HashMap<>();
  private final Map<String, DeviceTensor> deviceWeights = new HashMap<>();
  private final Map<String, DeviceTensor> deviceGradients = new HashMap<>();
  private final List<DeviceBuffer> buffers = new ArrayList<>();
  final Optimizer cpu;
  final CudaOptimizer gpu;
  private @Nullable StepReport report;
  private boolean finite;

  TwinRun(CudaDevice device, CudaStream stream, OptimizerCase of, Launching launching) {
    this(device, stream, of.builder().get(), SHAPES, launching);
  }

  /** A third of its tensors lie 4 bytes behind an aligned address. */
  TwinRun(
      CudaDevice device,
      CudaStream stream,
      OptimizerBuilder<?> settings,
      Map<String, long[]> shapes,
      Launching launching) {
    this(device, stream, settings, shapes, launching, number -> number % 3 == 1 ? 4 : 0);
  }

  /**
   * A run.
   *
   * @param shifts bytes between an aligned address and the tensor of a number, below 16
   */
  TwinRun(
      CudaDevice device,
      CudaStream stream,
      OptimizerBuilder<?> settings,
      Map<String, long[]> shapes,
      Launching launching,
      IntUnaryOperator shifts) {
    this.stream = stream;
    var random = new Random(1);
    List<Parameter> parameters = new ArrayList<>();
    List<CudaParameter> deviceParameters = new ArrayList<>();
    shapes.forEach(
        (name, shape) -> {
          Tensor host = Tensor.allocate(arena, DType.F32, shape);
          for (long i = 0; i < host.elements(); i++) {
            host.setFloat(i, (float) random.nextGaussian());
          }
          weights.put(name, host);
          gradients.put(name, Tensor.allocate(arena, DType.F32, shape));
          deviceWeights.put(name, tensor(device, shape, host.bytes(), shifts));
          deviceGradients.put(name, tensor(device, shape, host.bytes(), shifts));
          parameters.add(new Parameter(name, host));
          deviceParameters.add(new CudaParameter(name, deviceWeight(name)));
          stream.upload(host.memory(), deviceWeight(name).buffer());
        });
    cpu = settings.threads(1).build(parameters);
    gpu = CudaOptimizer.build(settings, stream, deviceParameters, launching);
  }

  private DeviceTensor tensor(
      CudaDevice device, long[] shape, long bytes, IntUnaryOperator shifts) {
    int shift = shifts.applyAsInt(buffers.size());
    DeviceBuffer buffer = device.allocate(bytes + 16);
    buffers.add(buffer);
    return DeviceTensor.of(buffer.slice(shift, bytes), shape);
  }

  private DeviceTensor deviceWeight(String name) {
    return Objects.requireNonNull(deviceWeights.get(name));
  }

  /** The gradient of a parameter on the CPU, to be filled. */
  Tensor gradient(String name) {
    return Objects.requireNonNull(gradients.get(name));
  }

  /** Draws no NaN and no Inf from now on. */
  void stayFinite() {
    finite = true;
  }

  /** Draws the gradients of a step, with spikes, and some that are not finite. */
  void draw(long t) {
    var random = new Random(t);
    for (Tensor gradient : gradients.values()) {
      for (long i = 0; i < gradient.elements(); i++) {
        float value = (float) random.nextGaussian();
        gradient.setFloat(i, random.nextInt(100) == 0 ? 1000 * value : value);
      }
    }
    if (t % 11 == 3 && !finite) {
      gradient("vector").setFloat(5, Float.NaN);
      gradient("matrix").setFloat(0, Float.NEGATIVE_INFINITY);
    }
    if (t % 17 == 5) {
      gradient("scalar").setFloat(0, finite ? 0 : Float.NaN);
      gradient("batch").memory().fill((byte) 0);
    }
  }

  /** Whether a parameter has a gradient at a step. */
  static boolean hasGradient(String name, long t) {
    return !name.equals("rare") || t % 13 == 4;
  }

  /** Steps on both sides, without waiting for the device. */
  void step(long t) {
    draw(t);
    step(name -> hasGradient(name, t));
  }

  /** Steps with the gradients that are there; both sides throw the same, if they do. */
  void step(Predicate<String> hasGradient) {
    gradients.forEach((name, gradient) -> stream.upload(gradient.memory(), deviceGradient(name)));
    try {
      report = cpu.step(name -> hasGradient.test(name) ? gradient(name) : null);
    } catch (NonFiniteGradientException e) {
      assertThatThrownBy(() -> queue(hasGradient))
          .isInstanceOf(e.getClass())
          .hasMessage(e.getMessage());
      return;
    }
    queue(hasGradient);
  }

  private void queue(Predicate<String> hasGradient) {
    gpu.step(name -> hasGradient.test(name) ? deviceGradients.get(name) : null);
  }

  private DeviceBuffer deviceGradient(String name) {
    return Objects.requireNonNull(deviceGradients.get(name)).buffer();
  }

  /** Compares everything, bit for bit. */
  void compare() {
    StepReport onGpu = gpu.report();
    for (String name : weights.keySet()) {
      compare(name, "weights", weights.get(name), deviceWeight(name));
      Map<String, DeviceTensor> state = gpu.state(name);
      cpu.state(name).forEach((key, tensor) -> compare(name, key, tensor, state.get(key)));
      assertThat(gpu.scalars(name)).as("scalars of %s", name).isEqualTo(cpu.scalars(name));
      IndexMask mask = cpu.mask(name).orElse(null);
      assertThat(gpu.mask(name).isPresent()).isEqualTo(mask != null);
      if (mask != null) {
        assertThat(gpu.mask(name).orElseThrow().hasSameSelection(mask)).isTrue();
      }
    }
    assertThat(gpu.stepCount()).isEqualTo(cpu.stepCount());
    if (report != null) {
      assertThat(text(onGpu)).isEqualTo(text(report));
    }
  }

  private void compare(
      String name, String what, @Nullable Tensor expected, @Nullable DeviceTensor actual) {
    Tensor tensor = Objects.requireNonNull(expected);
    if (tensor.elements() == 0) {
      assertThat(actual).isNull();
      return;
    }
    DeviceTensor onDevice = Objects.requireNonNull(actual);
    assertThat(onDevice.shape()).isEqualTo(tensor.shape());
    try (Arena copies = Arena.ofConfined()) {
      MemorySegment copy = copies.allocate(tensor.bytes(), 4);
      stream.download(onDevice.buffer(), copy);
      for (long i = 0; i < tensor.elements(); i++) {
        int wanted = bits(tensor.getFloat(i));
        int found = bits(copy.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        if (wanted != found) {
          assertThat(Integer.toHexString(found))
              .as("%s of %s at %d after step %d", what, name, i, cpu.stepCount())
              .isEqualTo(Integer.toHexString(wanted));
        }
      }
    }
  }

  /** NaN is NaN, whatever its payload. */
  private static int bits(float value) {
    return Float.floatToIntBits(value);
  }

  /** All that a report says but times and bytes. */
  private static List<String> text(StepReport report) {
    List<String> text = new ArrayList<>();
    text.add(
        "step=%d skipped=%s reset=%s warmup=%s lr=%s norm=%s"
            .formatted(
                report.step(),
                report.isSkipped(),
                report.isMomentumReset(),
                report.warmupScale(),
                report.learningRate(),
                report.gradientNorm()));
    for (int i = 0; i < report.tensors(); i++) {
      text.add(
          "%s norm=%s scale=%s spikes=%d/%d skipped=%d lowered=%d clamped=%d ratio=%s at %d"
              .formatted(
                  report.name(i),
                  report.gradientNorm(i),
                  report.gradientScale(i),
                  report.spikes(i),
                  report.totalSpikes(i),
                  report.skippedCoordinates(i),
                  report.loweredCoordinates(i),
                  report.clampedCoordinates(i),
                  report.largestRatio(i),
                  report.largestRatioIndex(i)));
    }
    return text;
  }

  @Override
  public void close() {
    gpu.close();
    buffers.forEach(DeviceBuffer::close);
    cpu.close();
    arena.close();
  }
}
