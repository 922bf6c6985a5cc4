package io.spam4j.engine.internal.plan;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.device.PlannedStep;
import io.spam4j.engine.device.StepFacts;
import io.spam4j.engine.internal.decide.AdamDecision;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.DecidedTensor;
import io.spam4j.engine.internal.decide.LearningRates;
import io.spam4j.engine.internal.decide.Selections;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.engine.internal.step.Configuration;
import io.spam4j.engine.internal.transform.DeviceDecided;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.engine.internal.transform.TransformRow;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** One step of a {@link DevicePlanner}, from its counters to the coefficients. */
final class DeviceStep implements PlannedStep {
  /** Stands for a gradient that lies on the device. */
  private static final Tensor ELSEWHERE = Tensor.of(new float[0], 0);

  private final Configuration configuration;
  private final AdamSettings adam;
  private final AdamDecision decision;
  private final TransformChain chain;
  private final List<DeviceDecided> transforms;
  private final Selections selections;
  private final long[] elements;
  private final DeviceReports reports;
  private final LearningRates learningRates;
  private final UpdateCoefficients[] coefficients;
  private final DecidedTensor tensor; // that is decided
  // What the optimizer's own decision kept before it decided the next step.
  private final List<Map<String, Double>> before;
  private boolean decided;
  private final StepState next;
  private final StepState current; // after the last step that counts

  DeviceStep(
      Configuration configuration,
      AdamSettings adam,
      AdamDecision decision,
      TransformChain chain,
      Selections selections,
      long[] elements,
      DeviceReports reports,
      StepState current) {
    this.configuration = configuration;
    this.chain = chain;
    this.selections = selections;
    this.reports = reports;
    learningRates =
        new LearningRates(
            configuration.hyperparameters(), reports.names(), configuration.learningRate());
    this.elements = elements;
    this.adam = adam;
    this.decision = decision;
    tensor = new DecidedTensor(configuration.hyperparameters());
    transforms = chain.deviceDecided();
    int count = this.elements.length;
    before = Stream.<Map<String, Double>>generate(LinkedHashMap::new).limit(count).toList();
    this.current = current;
    next = new StepState(count);
    coefficients = new UpdateCoefficients[count];
    for (int i = 0; i < count; i++) {
      coefficients[i] = new UpdateCoefficients();
      decision.initialise(coefficients[i], i);
    }
  }

  /** Goes one step on, with gradients for some parameters. */
  void begin(BitSet hasGradient) {
    next.takeStep(current);
    next.begin();
    for (int i = 0; i < elements.length; i++) {
      // Where a gradient lies matters to the device alone.
      next.gradients[i] = hasGradient.get(i) ? ELSEWHERE : null;
    }
    learningRates.read(next);
  }

  /** Decides; if that fails, {@link #discard} has to follow. */
  void decide() {
    selections.prepare(next, decision.timeline());
    for (int i = 0; i < elements.length; i++) {
      before.get(i).clear();
      decision.addScalars(i, before.get(i));
    }
    decided = true;
    next.count();
    for (int i = 0; i < elements.length; i++) {
      decision.decide(coefficients[i], i, next, tensor);
      chain.fuse(i, coefficients[i]);
    }
  }

  @Override
  public void putCoefficients(int parameter, MemorySegment row) {
    // A reset at this step comes after the transforms.
    long sinceReset = current.updatesSinceReset(parameter) + 1;
    DeviceRows.put(row, coefficients[parameter], sinceReset);
  }

  @Override
  public void putTransform(int transform, MemorySegment row) {
    DeviceDecided link = transforms.get(transform);
    link.row(row, next.t());
    TransformRow.place(row, chain.place(link), configuration.propagates());
  }

  @Override
  public boolean zeroesMissing(int parameter) {
    return !next.has(parameter) && coefficients[parameter].resetsMoments;
  }

  @Override
  public Optional<IndexMask> nextMask(int parameter) {
    return Optional.ofNullable(selections.nextMask(parameter));
  }

  @Override
  public boolean carriesMoments(int parameter) {
    return selections.isSparse(parameter) && adam.keepsSelectedMoments(next.has(parameter));
  }

  @Override
  public StepFacts facts() {
    BitSet hasGradient = new BitSet(elements.length);
    BitSet unselected = new BitSet(elements.length);
    long bytes = 0;
    long streams = 1 + 2L * (1 + adam.state().size());
    for (int i = 0; i < elements.length; i++) {
      IndexMask mask = selections.nextMask(i);
      mask = mask == null ? selections.mask(i) : mask;
      unselected.set(i, selections.isSparse(i) && (mask == null || mask.count() == 0));
      if (next.has(i)) {
        hasGradient.set(i);
        long updated = selections.isSparse(i) ? mask == null ? 0 : mask.count() : elements[i];
        bytes += streams * Float.BYTES * updated;
        bytes += selections.isSparse(i) ? Short.BYTES * updated : 0;
        bytes += reports.measures() ? Float.BYTES * elements[i] : 0;
      }
    }
    Timeline timeline = decision.timeline();
    return new StepFacts(
        next.t(),
        timeline.resetsAt(next.t()),
        timeline.warmupScale(next.t()),
        next.learningRate,
        next.learningRates,
        hasGradient,
        unselected,
        bytes);
  }

  @Override
  public void commit() {
    decided = false;
    selections.commit();
    current.takeStep(next);
  }

  @Override
  public void discard() {
    for (int i = 0; i < elements.length && decided; i++) {
      decision.restoreScalars(i, before.get(i));
    }
    decided = false;
    selections.discard();
  }
}
