package io.spam4j.engine.optimizers;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.NonFiniteGradientException;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.StepListener;
import io.spam4j.engine.checkpoint.SavedNames;
import io.spam4j.engine.device.HostCopies;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.internal.plan.DevicePlanner;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.step.Configuration;
import io.spam4j.engine.internal.step.EngineOptimizer;
import io.spam4j.engine.internal.transform.TransformLinks;
import io.spam4j.engine.internal.work.WorkerPool;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.tensors.DType;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What the builders of all optimizers have in common. Values are checked by {@link #build}.
 *
 * @param <B> the builder itself
 */
public abstract class OptimizerBuilder<B extends OptimizerBuilder<B>> {
  private static final long MOST_ELEMENTS = 1L << 56; // all their bytes together fit a long

  final Group defaults;
  private NonFinitePolicy nonFinite = NonFinitePolicy.SKIP_COORDINATE;
  private long stopAfterNonFinite = 10;
  private final List<StepListener> listeners = new ArrayList<>();
  private List<GradientTransform> transforms = List.of();
  private int threads = defaultThreads();
  private final GroupPatterns groups = new GroupPatterns();
  private Supplier<Arena> arenas = Arena::ofShared;

  OptimizerBuilder(Group defaults) {
    this.defaults = defaults;
  }

  /** This. */
  protected abstract B self();

  /** What the settings so far make; independent of later ones. */
  abstract Algorithm algorithm();

  /** Changes the defaults for a parameter by its name, before groups do. */
  void adjust(String parameter, Group group) {}

  /**
   * The same learning rate at every step.
   *
   * @param learningRate not negative, and no more than a float can be, also divided by 1 - beta1
   *     and multiplied by the weight decay; default 1e-3 unless the optimizer says otherwise
   */
  public B learningRate(double learningRate) {
    return learningRate(Schedule.constant(learningRate));
  }

  /** The learning rate of each step. */
  public B learningRate(Schedule learningRate) {
    defaults.learningRate(learningRate);
    return self();
  }

  /**
   * Weight decay; how it enters depends on the optimizer.
   *
   * @param weightDecay not negative, and no more than a float can be; default 0, for AdamW 0.01
   */
  public B weightDecay(double weightDecay) {
    defaults.weightDecay(weightDecay);
    return self();
  }

  /**
   * Gives the parameters whose name matches a pattern hyper-parameters of their own. If several
   * groups match a parameter, all apply, in the order given.
   *
   * @param pattern the whole name; {@code *} stands for any characters, dots included, {@code ?}
   *     for one
   */
  public B group(String pattern, Consumer<Group> change) {
    Objects.requireNonNull(pattern, "pattern must not be null");
    Objects.requireNonNull(change, "change must not be null");
    groups.add(pattern, change);
    return self();
  }

  /** What happens to gradients before the optimizer sees them, in this order; default nothing. */
  public B transforms(GradientTransform... transforms) {
    Objects.requireNonNull(transforms, "transforms must not be null");
    for (GradientTransform transform : transforms) {
      Objects.requireNonNull(transform, "transforms must not contain null");
    }
    this.transforms = List.of(transforms);
    return self();
  }

  /** What NaN and Inf do; default {@link NonFinitePolicy#SKIP_COORDINATE}. */
  public B nonFinite(NonFinitePolicy nonFinite) {
    this.nonFinite = Objects.requireNonNull(nonFinite, "nonFinite must not be null");
    return self();
  }

  /**
   * Stops a run whose gradients stay broken. After so many steps in a row that met NaN or Inf in
   * gradients, and skipped those coordinates or the whole step, the next call of {@link
   * Optimizer#step} throws {@link NonFiniteGradientException} before it does anything; then it
   * counts from 0 again, so that a caller may go on. The exception names the last of these steps
   * and its tensors, unless they all came before a {@code load}: checkpoints keep their number
   * alone. {@link NonFinitePolicy#PROPAGATE} does not look, and {@link NonFinitePolicy#THROW}
   * throws at once.
   *
   * @param steps 0 or more; default 10; 0 for never
   */
  public B stopAfterNonFinite(int steps) {
    stopAfterNonFinite = steps;
    return self();
  }

  /**
   * Adds one to those who are told of every step, in this order; default nobody. What a listener
   * throws comes out of {@link Optimizer#step}, see {@link StepListener}.
   */
  public B listener(StepListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener must not be null"));
    return self();
  }

  /**
   * How many threads of the process-wide pool a step may run on, the caller's included. Results do
   * not depend on it.
   *
   * @param threads positive; default {@link #defaultThreads}
   */
  public B threads(int threads) {
    this.threads = threads;
    return self();
  }

  /**
   * The threads that a step may run on unless {@link #threads(int)} is called: the property {@code
   * spam4j.threads}, or all processors.
   *
   * @throws IllegalArgumentException if the property is not a number from 1 to 9999
   */
  public static int defaultThreads() {
    return WorkerPool.defaultThreads();
  }

  /**
   * Where all memory outside the heap comes from; others than {@link Arena#ofShared} are for tests.
   */
  final B arenas(Supplier<Arena> arenas) {
    this.arenas = arenas;
    return self();
  }

  /**
   * Makes the optimizer and allocates its state, all zero.
   *
   * @throws IllegalArgumentException if there are no parameters, two have the same name or
   *     overlapping weights, weights lie in memory that only one thread may use while threads is
   *     not 1, a group's pattern matches no parameter, or a value is out of its range
   */
  public Optimizer build(List<Parameter> parameters) {
    Objects.requireNonNull(parameters, "parameters must not be null");
    for (Parameter parameter : parameters) {
      Objects.requireNonNull(parameter, "parameters must not contain null");
    }
    List<String> names = parameters.stream().map(Parameter::name).toList();
    return new EngineOptimizer(configuration(names), parameters);
  }

  /**
   * What these settings decide, for parameters whose weights are on a device that does the updates.
   * Random selections are drawn, the first ones here.
   *
   * @param shapes of the parameters, by name
   * @param copies asked where weights are selected by magnitude, and to save and load
   * @throws IllegalArgumentException as {@link #build}, and if something of what was set has no
   *     form for devices: optimizers that are not of Adam's family, chains of transforms that the
   *     fused update cannot do, {@link SpikeAction#GAUSSIAN}, updates of unselected weights
   */
  public final StepPlanner planner(SequencedMap<String, long[]> shapes, HostCopies copies) {
    Objects.requireNonNull(shapes, "shapes must not be null");
    Objects.requireNonNull(copies, "copies must not be null");
    shapes.forEach(OptimizerBuilder::requireShape);
    return new DevicePlanner(configuration(List.copyOf(shapes.keySet())), shapes, copies);
  }

  private Configuration configuration(List<String> names) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be positive: threads=" + threads);
    }
    Algorithm algorithm = algorithm();
    addSetting(algorithm.settings(), algorithm.name(), "nonFinite", nonFinite.name());
    addSetting(
        algorithm.settings(), algorithm.name(), "transforms", TransformLinks.text(transforms));
    return new Configuration(
        algorithm,
        transforms,
        nonFinite,
        stopAfterNonFinite,
        listeners,
        threads,
        defaults.learningRate(),
        groups.hyperparameters(names, this::ungrouped),
        arenas);
  }

  /** Adds a setting to those that checkpoints have. */
  static void addSetting(
      Map<String, String> settings, String optimizer, String name, String value) {
    SavedNames.require("setting", name);
    SavedNames.requireUnicode("setting " + name, value);
    if (settings.putIfAbsent(name, value) != null) {
      throw new IllegalArgumentException(
          "an own setting must have a name that no other has: optimizer=%s, setting=%s"
              .formatted(optimizer, name));
    }
  }

  /** What a parameter has before groups change it. */
  private Group ungrouped(String parameter) {
    Group group = defaults.copy();
    adjust(parameter, group);
    return group;
  }

  /**
   * The bytes that {@link #build} would allocate for parameters of these names and shapes, without
   * allocating them. F32 outside the heap is assumed for weights and gradients; on the heap, or
   * with BF16 gradients, the first step may allocate 46.4 KiB more a thread. Random selections are
   * drawn to see what they need; selections of other kinds are taken for random ones.
   *
   * @throws IllegalArgumentException as {@link #build}
   */
  public MemoryReport plannedMemory(Map<String, long[]> shapes) {
    return plannedMemory(shapes, DType.F32);
  }

  /**
   * The same for weights of another type.
   *
   * @param weights the type of all weights: F32, or BF16 where the optimizer takes it
   * @throws IllegalArgumentException as {@link #build}
   */
  public MemoryReport plannedMemory(Map<String, long[]> shapes, DType weights) {
    Objects.requireNonNull(weights, "weights must not be null");
    Objects.requireNonNull(shapes, "shapes must not be null");
    shapes.forEach(OptimizerBuilder::requireShape);
    return PlannedMemory.of(configuration(List.copyOf(shapes.keySet())), shapes, weights);
  }

  private static void requireShape(String name, long[] shape) {
    Objects.requireNonNull(name, "shapes must not contain null");
    Objects.requireNonNull(shape, "shapes must not contain null");
    long elements = 1;
    for (long extent : shape) {
      if (extent < 1 || extent > MOST_ELEMENTS / elements) {
        throw new IllegalArgumentException(
            "shape must have positive extents and at most 2^56 elements: parameter=%s, shape=%s"
                .formatted(name, Arrays.toString(shape)));
      }
      elements *= extent;
    }
  }
}
