package io.spam4j.engine;

import io.spam4j.engine.Checkpoint.SavedParameter;
import io.spam4j.engine.kernel.WorkPlan;
import io.spam4j.engine.kernel.WorkerPool;
import io.spam4j.tensors.IndexMask;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What all optimizers have in common: checks, schedules, measuring and transforming gradients,
 * counters and the report. What differs is in an {@link UpdateRule}.
 */
final class EngineOptimizer implements Optimizer {
  private final String name;
  private final SequencedMap<String, String> settings;
  private final NonFinitePolicy nonFinite;
  private final List<Parameter> parameters;
  private final List<Hyperparameters> hyperparameters;
  private final Map<String, Integer> indexes = new HashMap<>();
  private final MemoryCheck memoryCheck;
  private final @Nullable MeasurePass measure;
  private final TransformChain chain;
  private final Counts counts;
  private final StateStore state;
  private final UpdateRule rule;
  private final Arena arena;
  private final long stopAfterNonFinite;
  private final Telemetry telemetry;

  // The state that a step advances, besides weights and that of chain and rule.
  private long steps;
  private final Step step;
  private long nonFiniteSteps; // in a row, up to the latest

  // What one step works with, and its report; reused.
  private final @Nullable Tensor[] gradients;
  private final StepReport report;
  private final AtomicBoolean running = new AtomicBoolean(); // a step, or close
  private volatile boolean closed;

  EngineOptimizer(
      Blueprint blueprint,
      List<Blueprint.LinkFactory> linkFactories,
      NonFinitePolicy nonFinite,
      long stopAfterNonFinite,
      List<StepListener> listeners,
      int mostThreads,
      List<Parameter> parameters,
      List<Hyperparameters> hyperparameters,
      Supplier<Arena> arenas) {
    name = blueprint.name();
    settings = Collections.unmodifiableSequencedMap(blueprint.settings());
    this.nonFinite = nonFinite;
    this.stopAfterNonFinite = Checks.notNegative("stopAfterNonFinite", stopAfterNonFinite);
    telemetry = new Telemetry(listeners);
    this.parameters = List.copyOf(parameters);
    this.hyperparameters = List.copyOf(hyperparameters);
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException("an optimizer needs parameters: parameters=[]");
    }
    for (Parameter parameter : parameters) {
      if (indexes.put(parameter.name(), indexes.size()) != null) {
        throw new IllegalArgumentException(
            "parameter names must be unique: name=" + parameter.name());
      }
    }
    memoryCheck = new MemoryCheck(this.parameters, mostThreads > 1);
    int count = parameters.size();
    step = new Step(count);
    gradients = new Tensor[count];
    report = new StepReport(this.parameters.stream().map(Parameter::name).toList());
    long[] elements = this.parameters.stream().mapToLong(p -> p.weights().elements()).toArray();
    WorkPlan plan = WorkPlan.of(elements);
    int threads = Math.min(mostThreads, plan.units());
    counts = new Counts(count, threads);
    WorkerPool.start(threads); // a thread that cannot be started must not fail in a step
    arena = arenas.get();
    state = new StateStore(blueprint.layout(), this.parameters, arena, arenas);
    try {
      boolean propagates = nonFinite == NonFinitePolicy.PROPAGATE;
      List<TransformLink> links = new ArrayList<>();
      for (Blueprint.LinkFactory factory : linkFactories) {
        links.add(factory.of(this.parameters, !propagates, threads));
      }
      boolean measures = nonFinite.measures() || links.stream().anyMatch(TransformLink::measures);
      measure = measures ? new MeasurePass(plan, elements, propagates, arena, threads) : null;
      chain = new TransformChain(links, measure, count, arena, threads);
      var setup =
          new Setup(
              this.parameters,
              this.hyperparameters,
              nonFinite,
              chain,
              counts,
              state,
              arena,
              arenas,
              threads);
      rule = blueprint.rule().of(setup);
    } catch (RuntimeException | Error e) {
      state.close();
      arena.close(); // some state may be allocated already
      throw e;
    }
  }

  @Override
  public StepReport step(Gradients source) {
    Objects.requireNonNull(source, "gradients must not be null");
    begin("an optimizer must do one step at a time");
    try {
      requireOpen();
      return advance(source);
    } finally {
      running.set(false);
    }
  }

  private void begin(String rule) {
    if (!running.compareAndSet(false, true)) {
      throw new IllegalStateException(
          rule + ", and one of its steps is running; wait until it returns: optimizer=" + name);
    }
  }

  private StepReport advance(Gradients source) {
    stopIfNeverFinite();
    telemetry.begin();
    long start = System.nanoTime();
    // Whatever can fail comes first; from counting the step on nothing does.
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] = source.of(report.name(i));
    }
    memoryCheck.check(gradients);
    for (int i = 0; i < gradients.length; i++) {
      Tensor gradient = gradients[i];
      step.gradients[i] = gradient == null ? null : gradient.memory();
    }
    step.t = steps + 1;
    readLearningRates();
    boolean skips = measureSaysSkip();
    if (!skips) {
      rule.prepare(step);
    }

    counts.clear();
    describe(skips);
    if (!skips) {
      step.count();
      chain.decide(step);
      for (int i = 0; i < gradients.length; i++) {
        report.tensorScale[i] = step.has(i) ? chain.scale(i) : 1;
      }
      rule.run(step);
      report.bytes += rule.bytes(step);
      steps = step.t;
    }
    counts.describe(report);
    nonFiniteSteps = skips || report.skippedCoordinates() > 0 ? nonFiniteSteps + 1 : 0;
    report.nanos = System.nanoTime() - start;
    telemetry.end(report);
    return report;
  }

  /** A run whose gradients stay broken only burns time. */
  private void stopIfNeverFinite() {
    if (stopAfterNonFinite > 0 && nonFiniteSteps >= stopAfterNonFinite) {
      long inARow = nonFiniteSteps;
      nonFiniteSteps = 0;
      List<String> names = new ArrayList<>();
      for (int i = 0; i < gradients.length; i++) {
        boolean measured = measure != null && measure.nonFinite(i) > 0;
        if (measured || report.skippedCoordinates(i) > 0) {
          names.add(report.name(i));
        }
      }
      throw NonFiniteGradientException.inARow(inARow, report.step(), names);
    }
  }

  private void readLearningRates() {
    for (int i = 0; i < gradients.length; i++) {
      Schedule schedule = hyperparameters.get(i).learningRate();
      boolean known = i > 0 && schedule.equals(hyperparameters.get(i - 1).learningRate());
      step.learningRates[i] = known ? step.learningRates[i - 1] : learningRate(i, schedule);
    }
  }

  private double learningRate(int tensor, Schedule schedule) {
    double learningRate = schedule.at(step.t - 1);
    if (!(learningRate >= 0 && learningRate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "a schedule must give finite learning rates, not negative: learningRate=%s, step=%d, parameter=%s"
              .formatted(learningRate, step.t - 1, report.name(tensor)));
    }
    return learningRate;
  }

  private boolean measureSaysSkip() {
    if (measure == null) {
      return false;
    }
    measure.run(step.gradients);
    if (!nonFinite.measures() || measure.nonFinite() == 0) {
      return false;
    }
    telemetry.refused(step.t, measure, parameters);
    if (nonFinite == NonFinitePolicy.THROW) {
      throw new NonFiniteGradientException(
          "gradients must be finite: step=%d, coordinates=%d, parameters=%s"
              .formatted(step.t, measure.nonFinite(), measure.nonFiniteTensors(parameters)));
    }
    return true;
  }

  private void describe(boolean skips) {
    report.step = step.t;
    report.skipped = skips;
    report.momentumReset = rule.resetsAt(step.t) && !skips;
    report.warmupScale = rule.warmupScale(step.t);
    report.learningRate = step.learningRates[0];
    Arrays.fill(report.tensorScale, 1);
    report.gradientNorm = measure == null ? Double.NaN : Math.sqrt(measure.totalSumOfSquares());
    long measured = 0;
    for (int i = 0; i < gradients.length; i++) {
      MemorySegment gradient = step.gradients[i];
      report.tensorNorm[i] =
          measure == null || gradient == null ? Double.NaN : Math.sqrt(measure.sumOfSquares(i));
      measured += measure == null || gradient == null ? 0 : gradient.byteSize();
    }
    report.bytes = measured;
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  @Override
  public long stepCount() {
    return steps;
  }

  /** All that a step depends on besides weights, state and configuration. */
  long[] counters() {
    int count = parameters.size();
    long[] counters = Arrays.copyOf(step.updates, 2 * count + 1);
    System.arraycopy(step.updatesSinceReset, 0, counters, count, count);
    counters[2 * count] = steps;
    return counters;
  }

  /** Continues from the counters of another optimizer with the same parameters. */
  void restoreCounters(long[] counters) {
    int count = parameters.size();
    System.arraycopy(counters, 0, step.updates, 0, count);
    System.arraycopy(counters, count, step.updatesSinceReset, 0, count);
    steps = counters[2 * count];
  }

  @Override
  public SequencedMap<String, Tensor> state(String parameter) {
    requireOpen();
    return rule.state(index(parameter));
  }

  @Override
  public Map<String, Double> scalars(String parameter) {
    int index = index(parameter);
    Map<String, Double> scalars = new LinkedHashMap<>();
    chain.addScalars(index, scalars);
    return Collections.unmodifiableMap(scalars);
  }

  @Override
  public Optional<IndexMask> mask(String parameter) {
    requireOpen();
    return Optional.ofNullable(rule.mask(index(parameter)));
  }

  @Override
  public void save(Path file, SaveOptions options) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(options, "options must not be null");
    begin("an optimizer must be saved between steps");
    try {
      requireOpen();
      CheckpointWriter.write(file, trainingState(steps), options);
    } finally {
      running.set(false);
    }
  }

  @Override
  public void load(Path file, LoadOptions options) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(options, "options must not be null");
    begin("an optimizer must be loaded between steps");
    try {
      requireOpen();
      restore(file, options);
    } finally {
      running.set(false);
    }
  }

  private void restore(Path file, LoadOptions options) throws IOException {
    memoryCheck.check(new Tensor[parameters.size()]);
    try (Arena reading = Arena.ofShared()) {
      Checkpoint saved = Checkpoint.open(file, reading);
      saved.requireIntact();
      List<@Nullable SavedParameter> sources =
          CheckpointMatch.of(saved, trainingState(saved.steps()), options);
      Map<String, Tensor> weights = options.hasWeights() ? saved.weights() : Map.of();
      try {
        new Restoration(parameters, rule, chain, step).restore(sources, weights);
      } catch (IllegalArgumentException e) {
        throw new CheckpointFormatException(
            "checkpoint masks must be selections: file=" + file + ", reason=" + e.getMessage(), e);
      }
      steps = saved.steps();
      nonFiniteSteps = saved.nonFiniteSteps();
    }
  }

  /**
   * What this optimizer holds.
   *
   * @param at counted from 0: the step whose learning rate is told
   */
  private TrainingState trainingState(long at) {
    List<TrainingState.OfParameter> states = new ArrayList<>();
    for (int i = 0; i < gradients.length; i++) {
      Map<String, Double> scalars = new LinkedHashMap<>();
      chain.addScalars(i, scalars);
      states.add(
          new TrainingState.OfParameter(
              parameters.get(i),
              hyperparameters.get(i).text(at),
              step.updates[i],
              step.updatesSinceReset[i],
              rule.state(i),
              rule.isPacked(i),
              rule.mask(i),
              scalars));
    }
    return new TrainingState(name, steps, nonFiniteSteps, settings, states);
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
    long scratch = measure == null ? 0 : measure.bytes();
    return new MemoryReport(
        state.bytes(), rule.indexBytes(), scratch + chain.bytes() + rule.scratchBytes());
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
        state.close();
        arena.close();
      }
    } finally {
      running.set(false);
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
    return name + "[" + parameters.size() + " parameters, step " + steps + "]";
  }
}
