package io.spam4j.engine.internal.plan;

import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.CheckpointFormatException;
import io.spam4j.engine.checkpoint.CheckpointWriter;
import io.spam4j.engine.checkpoint.ExpectedState;
import io.spam4j.engine.checkpoint.ExpectedState.TensorType;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.checkpoint.SavedMask;
import io.spam4j.engine.checkpoint.TrainingState;
import io.spam4j.engine.device.HostCopies;
import io.spam4j.engine.device.PlannedStep;
import io.spam4j.engine.device.PlannedTransform;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.device.StepFacts;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.device.StepResults;
import io.spam4j.engine.internal.decide.AdamDecision;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Selections;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.state.StateValues;
import io.spam4j.engine.internal.step.AdamFamily;
import io.spam4j.engine.internal.step.CheckpointSources;
import io.spam4j.engine.internal.step.Compatibility;
import io.spam4j.engine.internal.step.Configuration;
import io.spam4j.engine.internal.step.EngineOptimizer;
import io.spam4j.engine.internal.transform.DeviceDecided;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.engine.internal.work.ParallelTasks;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.IntFunction;

/** The deciding half of an optimizer: what {@link EngineOptimizer} has besides memory. */
public final class DevicePlanner implements StepPlanner {
  private final Configuration configuration;
  private final List<String> names;
  private final List<long[]> shapes;
  private final HostCopies copies;
  private final AdamSettings adam;
  private final TransformChain chain;
  private final List<DeviceDecided> decided;
  private final List<PlannedTransform> transforms;
  private final Selections selections;
  private final StepState step; // what counts
  private final DeviceReports reports;
  private final DeviceStep plan;
  private final AdamDecision decision;
  private boolean closed;

  public DevicePlanner(
      Configuration configuration, SequencedMap<String, long[]> shapes, HostCopies copies) {
    this.configuration = configuration;
    this.copies = copies;
    names = List.copyOf(shapes.keySet());
    this.shapes = shapes.values().stream().map(long[]::clone).toList();
    int count = names.size();
    List<TransformLink> links = links();
    AdamFamily family = Compatibility.requireForDevice(configuration, names, links);
    adam = family.adam();
    chain = chain(links);
    decided = chain.deviceDecided();
    transforms = decided.stream().map(this::transform).toList();
    step = new StepState(count);
    reports = new DeviceReports(configuration, names, measures(), step);
    long[] elements = this.shapes.stream().mapToLong(Tensor::elements).toArray();
    decision = family.decisions().of(configuration.nonFinite(), configuration.hyperparameters());
    selections =
        new Selections(
            adam,
            names,
            elements,
            configuration.hyperparameters(),
            i -> copies.weights(i, Arena.ofAuto()),
            (i, _) -> copies.gradient(i, Arena.ofAuto()),
            new ParallelTasks(configuration.threads()),
            configuration.arenas());
    plan =
        new DeviceStep(configuration, adam, decision, chain, selections, elements, reports, step);
  }

  private List<TransformLink> links() {
    return configuration.links(names, List.of(), 1);
  }

  /** Transforms that decide; without participants they allocate nothing. */
  private TransformChain chain(List<TransformLink> links) {
    return new TransformChain(links, null, names.size(), Arena.global(), 0);
  }

  private PlannedTransform transform(DeviceDecided link) {
    int place = chain.place(link).number();
    return new PlannedTransform(link.scope(), place, !link.equals(decided.getLast()));
  }

  @Override
  public String optimizer() {
    return configuration.algorithm().name();
  }

  @Override
  public List<String> names() {
    return names;
  }

  @Override
  public List<String> state() {
    return adam.state();
  }

  @Override
  public boolean isSparse(int parameter) {
    return selections.isSparse(parameter);
  }

  @Override
  public long moments(int parameter) {
    return isSparse(parameter)
        ? selections.count(parameter)
        : Tensor.elements(shapes.get(parameter));
  }

  @Override
  public Optional<IndexMask> mask(int parameter) {
    requireOpen();
    return Optional.ofNullable(selections.mask(parameter));
  }

  @Override
  public List<PlannedTransform> transforms() {
    return transforms;
  }

  @Override
  public boolean measures() {
    return hasToAdmit() || !transforms.isEmpty();
  }

  @Override
  public boolean hasToAdmit() {
    return configuration.nonFinite().measures();
  }

  @Override
  public long stepCount() {
    return step.steps();
  }

  @Override
  public StepReport report() {
    return reports.report();
  }

  @Override
  public void requireTold() {
    reports.requireTold();
  }

  @Override
  public boolean admits(BitSet hasGradient, MemorySegment statistics) {
    requireOpen();
    requireTold();
    plan.begin(hasGradient);
    return !hasToAdmit() || reports.admits(plan.facts(), statistics);
  }

  @Override
  public PlannedStep plan(BitSet hasGradient) {
    requireOpen();
    requireTold();
    reports.stopIfNeverFinite();
    plan.begin(hasGradient);
    try {
      plan.decide();
    } catch (RuntimeException | Error e) {
      plan.discard();
      throw e;
    }
    return plan;
  }

  @Override
  public StepReport report(StepFacts facts, StepResults results) {
    return reports.add(facts, results);
  }

  @Override
  public void setHistory(int transform, int parameter, double[] history) {
    decided.get(transform).setHistory(parameter, history);
  }

  @Override
  public Map<String, Double> scalars(int parameter) {
    return Collections.unmodifiableMap(ownScalars(parameter));
  }

  private SequencedMap<String, Double> ownScalars(int parameter) {
    SequencedMap<String, Double> scalars = new LinkedHashMap<>();
    decision.addScalars(parameter, scalars);
    chain.addScalars(parameter, scalars);
    return scalars;
  }

  @Override
  public void save(Path file, SaveOptions options) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(options, "options must not be null");
    requireOpen();
    try (Arena arena = configuration.arenas().get()) {
      SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
      for (int i = 0; i < names.size() && options.hasWeights(); i++) {
        weights.put(names.get(i), copies.weights(i, arena));
      }
      TrainingState training = trainingState(stepCount(), i -> copiedState(i, arena), weights);
      CheckpointWriter.write(
          file,
          training,
          options,
          (parameter, state, from, piece) ->
              StateValues.requireLoadable(
                  parameter, state, from, piece, configuration.propagates()));
    }
  }

  private SequencedMap<String, Tensor> copiedState(int i, Arena arena) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    for (String name : state()) {
      tensors.put(name, copies.state(i, name, arena));
    }
    return tensors;
  }

  /**
   * Where the run stands.
   *
   * @param steps done by what this is compared with, for the learning rates that are told
   * @param tensors the state of a parameter
   */
  private TrainingState trainingState(
      long steps,
      IntFunction<SequencedMap<String, Tensor>> tensors,
      SequencedMap<String, Tensor> weights) {
    SequencedMap<String, ParameterState> states = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      states.put(
          names.get(i),
          new ParameterState(
              names.get(i),
              TensorType.of(DType.F32, shapes.get(i)).shape(),
              configuration.hyperparameters().get(i).text(steps),
              step.counters(i),
              tensors.apply(i),
              Optional.ofNullable(selections.mask(i)).map(SavedMask::of),
              ownScalars(i)));
    }
    SequencedMap<String, String> settings = configuration.algorithm().settings();
    return new TrainingState(
        optimizer(), stepCount(), step.nonFiniteSteps(), settings, states, weights);
  }

  @Override
  public RestoredState load(Path file, LoadOptions options) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(options, "options must not be null");
    requireOpen();
    try (Arena mapping = Arena.ofShared();
        CheckpointSources sources =
            CheckpointSources.open(
                file,
                mapping,
                steps -> trainingState(steps, _ -> new LinkedHashMap<>(), new LinkedHashMap<>()),
                expectedStates(),
                configuration.propagates(),
                options)) {
      sources.requireScalars(chain, this::namesOfDecision);
      prepareSelections(sources);
      TransformChain histories = chain(links());
      restoreScalars(histories, sources);
      return new MatchedState(
          sources,
          shapes,
          selections,
          histories,
          () -> take(sources),
          state(),
          configuration.arenas());
    } catch (IOException | RuntimeException | Error e) {
      selections.discard();
      throw e;
    }
  }

  /** What each parameter can be loaded from. */
  private List<ExpectedState> expectedStates() {
    List<ExpectedState> expected = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      int index = i;
      expected.add(
          new ExpectedState(
              DType.F32,
              isSparse(i),
              selected -> expectedTensors(index, selected),
              namesOfDecision(i)));
    }
    return expected;
  }

  private SequencedMap<String, TensorType> expectedTensors(int i, OptionalLong selected) {
    long[] shape = shapes.get(i);
    long[] count = {selected.orElse(moments(i))};
    return configuration
        .algorithm()
        .layout()
        .types(names.get(i), DType.F32, shape, isSparse(i) ? count : shape);
  }

  private void prepareSelections(CheckpointSources sources) throws CheckpointFormatException {
    try {
      selections.prepareRestore(sources.states());
    } catch (IllegalArgumentException e) {
      throw sources.noSelection(e);
    }
  }

  private void restoreScalars(TransformChain histories, CheckpointSources sources) {
    for (int i = 0; i < names.size(); i++) {
      histories.restoreScalars(i, sources.scalars(i), namesOfDecision(i));
    }
  }

  /** Of the histories that the decision keeps. */
  private Set<String> namesOfDecision(int i) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    decision.addScalars(i, scalars);
    return scalars.keySet();
  }

  /** Goes on from a checkpoint; state and weights are the device's. */
  private void take(CheckpointSources sources) {
    step.restore(sources.counters());
    reports.restored();
    for (int i = 0; i < names.size(); i++) {
      decision.restoreScalars(i, sources.scalars(i));
    }
    restoreScalars(chain, sources);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the optimizer must be open: it was closed");
    }
  }

  @Override
  public void close() {
    closed = true;
    selections.close();
  }
}
