package io.spam4j.engine.internal.step;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.measure.MeasurePass;
import io.spam4j.engine.internal.memory.CountedArenas;
import io.spam4j.engine.internal.memory.CountedArenas.Use;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.internal.work.WorkerPool;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What all optimizers have in common: their parts, who may use them when, checkpoints. Steps are
 * done by a {@link Stepper}; what differs from optimizer to optimizer is in an {@link UpdateRule}.
 */
public final class EngineOptimizer implements Optimizer {
  private static final VarHandle RUNNING = running();

  private final String name;
  private final List<Parameter> parameters;
  private final Map<String, Integer> indexes = new HashMap<>();
  private final MemoryCheck memoryCheck;
  private final @Nullable MeasurePass measure;
  private final TransformChain chain;
  private final UpdateRule rule;
  private final HeldState held;
  private final boolean propagates; // whether NaN of gradients reaches the state
  private final CountedArenas memory;
  final StepState step;
  private final NonFiniteStreak streak;
  private final Stepper stepper;
  private final StateGuard guard = new StateGuard();

  private volatile boolean running; // a step, save, load or close; written where no call may fail
  private volatile boolean telling; // of a step that is complete
  private volatile boolean closed;

  public EngineOptimizer(Configuration configuration, List<Parameter> parameters) {
    Algorithm algorithm = configuration.algorithm();
    name = algorithm.name();
    propagates = configuration.propagates();
    this.parameters = List.copyOf(parameters);
    List<String> names = parameters.stream().map(Parameter::name).toList();
    Compatibility.require(
        configuration, names, parameters.stream().map(p -> p.weights().dtype()).toList());
    for (Parameter parameter : parameters) {
      if (indexes.put(parameter.name(), indexes.size()) != null) {
        throw new IllegalArgumentException(
            "parameter names must be unique: name=" + parameter.name());
      }
    }
    memoryCheck =
        new MemoryCheck(this.parameters, algorithm.gradientTypes(), configuration.threads() > 1);
    int count = parameters.size();
    step = new StepState(count);
    long[] elements = this.parameters.stream().mapToLong(p -> p.weights().elements()).toArray();
    WorkPlan plan = WorkPlan.of(elements);
    int threads = Math.min(configuration.threads(), plan.units());
    var counts = new SharedTallies(count, threads);
    WorkerPool.start(threads); // a thread that cannot be started must not fail in a step
    memory = new CountedArenas(configuration.arenas());
    memoryCheck.setOwn(memory);
    streak = new NonFiniteStreak(configuration.stopAfterNonFinite(), step);
    UpdateRule made = null;
    try {
      NonFinitePolicy nonFinite = configuration.nonFinite();
      List<TransformLink> links = configuration.links(names, this.parameters, threads);
      boolean measures = nonFinite.measures() || links.stream().anyMatch(TransformLink::measures);
      Arena scratch = memory.lasting(Use.SCRATCH);
      measure =
          measures
              ? new MeasurePass(
                  plan, elements, propagates, scratch, memory.arenas(Use.SCRATCH), threads)
              : null;
      chain = new TransformChain(links, measure, count, scratch, threads);
      var parts =
          new RuleParts(
              this.parameters,
              configuration.hyperparameters(),
              nonFinite,
              chain,
              counts,
              algorithm.layout(),
              memory,
              threads);
      made = algorithm.rule().of(parts);
      rule = made;
      held = new HeldState(algorithm, parts, rule, step, propagates);
      stepper =
          new Stepper(
              parts,
              configuration.learningRate(),
              step,
              measure,
              rule,
              memoryCheck,
              streak,
              guard,
              new Telemetry(configuration.listeners()));
    } catch (RuntimeException | Error e) {
      if (made != null) {
        made.close();
      }
      memory.close(); // something may be allocated already
      throw e;
    }
  }

  @Override
  public StepReport step(Gradients source) {
    Objects.requireNonNull(source, "gradients must not be null");
    begin("an optimizer must do one step at a time");
    StepReport report;
    try {
      requireOpen();
      requireTold();
      guard.requireWhole();
      report = advance(source);
      telling = true;
    } finally {
      running = false;
    }
    try {
      stepper.tell();
    } finally {
      telling = false;
    }
    return report;
  }

  private StepReport advance(Gradients source) {
    try {
      return stepper.advance(source);
    } catch (Throwable e) { // thrown on; whatever it is, the next step names it as the cause
      guard.note(e);
      throw e;
    }
  }

  private void requireTold() {
    if (telling) {
      throw new IllegalStateException(
          "an optimizer must do one step at a time, and listeners are told of one; step when it has"
              + " returned: optimizer="
              + name);
    }
  }

  private static VarHandle running() {
    try {
      return MethodHandles.lookup().findVarHandle(EngineOptimizer.class, "running", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.getMessage(), e);
    }
  }

  private void begin(String rule) {
    if (running || !RUNNING.compareAndSet(this, false, true)) {
      throw new IllegalStateException(
          rule + ", and one of its steps is running; wait until it returns: optimizer=" + name);
    }
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  @Override
  public long stepCount() {
    return step.steps();
  }

  @Override
  public SequencedMap<String, Tensor> state(String parameter) {
    requireOpen();
    return rule.state(index(parameter));
  }

  @Override
  public Map<String, Double> scalars(String parameter) {
    int index = index(parameter);
    return Collections.unmodifiableMap(held.scalars(index));
  }

  @Override
  public Optional<IndexMask> mask(String parameter) {
    requireOpen();
    return Optional.ofNullable(held.mask(index(parameter)));
  }

  @Override
  public void save(Path file, SaveOptions options) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(options, "options must not be null");
    begin("an optimizer must be saved between steps");
    try {
      requireOpen();
      guard.requireWhole();
      requireInPlace(options.hasWeights());
      held.save(file, options);
    } finally {
      running = false;
    }
  }

  @Override
  public LoadReport load(Path file, LoadOptions options) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(options, "options must not be null");
    begin("an optimizer must be loaded between steps");
    try {
      requireOpen();
      requireInPlace(options.hasWeights());
      return restore(file, options);
    } finally {
      running = false;
    }
  }

  private void requireInPlace(boolean usesWeights) {
    if (usesWeights) {
      parameters.forEach(parameter -> parameter.inPlace().run());
    }
  }

  private LoadReport restore(Path file, LoadOptions options) throws IOException {
    memoryCheck.check(new Tensor[parameters.size()]);
    try (Arena reading = Arena.ofShared();
        CheckpointSources sources =
            CheckpointSources.open(
                file,
                reading,
                steps -> held.training(steps, /* hasWeights= */ false),
                held.expected(),
                propagates,
                options)) {
      new Restoration(parameters, rule, chain, step, guard, memory.arenas(Use.SCRATCH))
          .restore(sources);
      streak.restored();
      return sources.report();
    } catch (Throwable e) { // thrown on; whatever it is, the next step names it as the cause
      guard.note(e);
      throw e;
    }
  }

  private int index(String parameter) {
    Integer index = indexes.get(Objects.requireNonNull(parameter, "parameter must not be null"));
    if (index == null) {
      throw new IllegalArgumentException(
          "no such parameter: name=" + parameter + ", names=" + indexes.keySet());
    }
    return index;
  }

  @Override
  public MemoryReport memory() {
    requireOpen();
    return new MemoryReport(
        memory.bytes(Use.MOMENTS), memory.bytes(Use.INDEX), memory.bytes(Use.SCRATCH));
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    begin("an optimizer must not be closed during a step");
    try {
      if (!closed) { // by another thread in between
        closed = true;
        rule.close();
        if (measure != null) {
          measure.close();
        }
        memory.close();
      }
    } finally {
      running = false;
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the optimizer must be open: it was closed");
    }
  }

  /** The name of the algorithm and its size. */
  @Override
  public String toString() {
    return name + "[" + parameters.size() + " parameters, step " + step.steps() + "]";
  }
}
