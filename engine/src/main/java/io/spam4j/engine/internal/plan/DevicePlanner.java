package io.spam4j.engine.internal.plan;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.CheckpointWriter;
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
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.Selection;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.step.Configuration;
import io.spam4j.engine.internal.step.EngineOptimizer;
import io.spam4j.engine.internal.transform.NormLinks;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/** The deciding half of an optimizer: what {@link EngineOptimizer} has besides memory. */
public final class DevicePlanner implements StepPlanner {
  private final Configuration configuration;
  private final List<String> names;
  private final List<long[]> shapes;
  private final HostCopies copies;
  private final AdamSettings adam;
  private final TransformChain chain;
  private final List<TransformLink> measuring;
  private final List<PlannedTransform> transforms;
  private final DeviceSelections selections;
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
    if (count == 0) {
      throw new IllegalArgumentException("an optimizer needs parameters: parameters=[]");
    }
    Algorithm.Fused fused = configuration.algorithm().fused();
    if (fused == null) {
      throw refusal("its update is not that of Adam's family");
    }
    adam = fused.adam();
    List<TransformLink> links = new ArrayList<>();
    for (Algorithm.LinkFactory factory : configuration.links()) {
      links.add(factory.of(count, List.of(), !configuration.propagates(), 1));
    }
    requireForms(links);
    // Without participants it allocates nothing.
    chain = new TransformChain(links, null, count, Arena.global(), 0);
    measuring = chain.measuring();
    transforms = measuring.stream().map(this::transform).toList();
    step = new StepState(count);
    reports = new DeviceReports(configuration, names, measures(), step);
    List<Long> elements = this.shapes.stream().map(Tensor::elements).toList();
    // It checks its settings, which must come before memory for selections is taken.
    decision = fused.decisions().of(configuration.nonFinite(), configuration.hyperparameters());
    selections = new DeviceSelections(configuration, adam, names, elements, copies);
    plan =
        new DeviceStep(configuration, adam, decision, chain, selections, elements, reports, step);
  }

  private void requireForms(List<TransformLink> links) {
    if (!TransformChain.isFused(links)) {
      throw refusal(
          "its transforms are not a factor, a clip, a factor and a limit, in this order:"
              + " transforms="
              + configuration.algorithm().settings().get("transforms"));
    }
    if (adam.moments != MomentFormat.F32) {
      throw refusal("moments=" + adam.moments);
    }
    if (adam.spikeAction == SpikeAction.GAUSSIAN) {
      throw refusal("spikeAction=GAUSSIAN");
    }
    boolean anySparse =
        configuration.hyperparameters().stream().anyMatch(Hyperparameters::isSparse);
    if (anySparse && adam.movesUnselected()) {
      throw refusal(
          "weights without moments move: unselected=%s, maskedWeightDecay=%s"
              .formatted(adam.unselected, adam.maskedWeightDecay));
    }
  }

  private IllegalArgumentException refusal(String reason) {
    return new IllegalArgumentException(
        "what runs on a device must have a form for it, use the CPU for this: optimizer=%s, %s"
            .formatted(optimizer(), reason));
  }

  private PlannedTransform transform(TransformLink link) {
    return new PlannedTransform(
        link instanceof NormLinks.OfAll
            ? PlannedTransform.Scope.ALL
            : PlannedTransform.Scope.TENSOR,
        chain.place(link),
        !link.equals(measuring.getLast()));
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
    Selection selection = selections.of(parameter);
    return selection == null ? Tensor.elements(shapes.get(parameter)) : selection.count();
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
  public boolean admits(BitSet hasGradient, MemorySegment statistics) {
    requireOpen();
    plan.begin(hasGradient);
    return !hasToAdmit() || reports.admits(plan.facts(), statistics);
  }

  @Override
  public PlannedStep plan(BitSet hasGradient) {
    requireOpen();
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
    measuring.get(transform).setHistory(parameter, history);
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
    try (Arena arena = Arena.ofShared()) {
      SequencedMap<String, ParameterState> states = new LinkedHashMap<>();
      SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
      for (int i = 0; i < names.size(); i++) {
        states.put(names.get(i), state(i, arena));
        if (options.hasWeights()) {
          weights.put(names.get(i), copies.weights(i, arena));
        }
      }
      SequencedMap<String, String> settings = configuration.algorithm().settings();
      CheckpointWriter.write(
          file,
          new TrainingState(
              optimizer(), stepCount(), step.nonFiniteSteps(), settings, states, weights),
          options);
    }
  }

  private ParameterState state(int i, Arena arena) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    for (String name : state()) {
      tensors.put(name, copies.state(i, name, arena));
    }
    return new ParameterState(
        names.get(i),
        Arrays.stream(shapes.get(i)).boxed().toList(),
        configuration.hyperparameters().get(i).text(stepCount()),
        step.counters(i),
        tensors,
        Optional.ofNullable(selections.mask(i)).map(SavedMask::of),
        ownScalars(i));
  }

  /** A parameter with its weights, or with other ones where they do not matter. */
  private Parameter parameter(int i, boolean hasWeights, Arena arena) {
    Tensor weights =
        hasWeights ? copies.weights(i, arena) : Tensor.allocate(arena, DType.F32, shapes.get(i));
    return new Parameter(names.get(i), weights);
  }

  @Override
  public RestoredState load(Path file, LoadOptions options) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(options, "options must not be null");
    requireOpen();
    Arena arena = Arena.ofShared();
    EngineOptimizer twin = null;
    try {
      List<Parameter> parameters = new ArrayList<>();
      for (int i = 0; i < names.size(); i++) {
        parameters.add(parameter(i, options.hasWeights(), arena));
      }
      twin = new EngineOptimizer(configuration, parameters);
      twin.load(file, options);
      for (int i = 0; i < names.size(); i++) {
        Selection selection = selections.of(i);
        if (selection != null) {
          selection.prepareCopy(twin.mask(names.get(i)).orElse(null));
        }
      }
      EngineOptimizer loaded = twin;
      return new RestoredTwin(loaded, options.hasWeights(), selections, () -> take(loaded), arena);
    } catch (IOException | RuntimeException | Error e) {
      selections.discard();
      if (twin != null) {
        twin.close();
      }
      arena.close();
      throw e;
    }
  }

  /** Continues where another optimizer with the same settings is. */
  private void take(EngineOptimizer twin) {
    step.restore(twin.step().snapshot());
    for (int i = 0; i < names.size(); i++) {
      decision.restoreScalars(i, twin.scalars(names.get(i)));
    }
    for (int k = 0; k < measuring.size(); k++) {
      for (int i = 0; i < names.size(); i++) {
        setHistory(k, i, twin.chain().measuring().get(k).history(i));
      }
    }
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
