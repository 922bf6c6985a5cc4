package io.spam4j.engine.internal.step;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.IndexedGradients;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.decide.LearningRates;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.engine.internal.measure.MeasurePass;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Does one step after the other: checks, schedules, measures and transforms gradients, lets the
 * rule update, counts and reports. Whatever can fail comes first.
 */
final class Stepper {
  private final NonFinitePolicy nonFinite;
  private final Telemetry telemetry;
  private final List<Parameter> parameters;
  private final String[] names;
  private final LearningRates learningRates;
  private final KnownNames known;
  private final MemoryCheck memoryCheck;
  private final @Nullable MeasurePass measure;
  private final TransformChain chain;
  private final SharedTallies counts;
  private final UpdateRule rule;
  private final @Nullable SelectiveRule selective; // the same, if it is one
  private final Timeline timeline;

  private final StepState step; // advanced, besides weights and the state of chain and rule
  private final NonFiniteStreak streak;
  private final StateGuard guard;

  // What one step works with, and its report; reused.
  private final @Nullable Tensor[] gradients;
  private final int[] packed; // tensors of which only selected weights have state
  private final int[] movable; // those whose weights may be elsewhere
  private final StepFigures report;

  Stepper(
      RuleParts parts,
      Schedule learningRate,
      StepState step,
      @Nullable MeasurePass measure,
      UpdateRule rule,
      MemoryCheck memoryCheck,
      NonFiniteStreak streak,
      StateGuard guard,
      Telemetry telemetry) {
    this.guard = guard;
    this.measure = measure;
    this.rule = rule;
    selective = rule instanceof SelectiveRule some ? some : null;
    timeline = selective == null ? Timeline.NONE : selective.timeline();
    this.memoryCheck = memoryCheck;
    this.streak = streak;
    this.telemetry = telemetry;
    nonFinite = parts.nonFinite();
    parameters = parts.parameters();
    chain = parts.chain();
    counts = parts.counts();
    this.step = step;
    gradients = new Tensor[parameters.size()];
    packed = selective == null ? new int[0] : those(selective::isPacked);
    movable = those(i -> parameters.get(i).canMove());
    List<String> ofParameters = parameters.stream().map(Parameter::name).toList();
    names = ofParameters.toArray(String[]::new);
    learningRates = new LearningRates(parts.hyperparameters(), ofParameters, learningRate);
    known = new KnownNames(ofParameters);
    report = new StepFigures(ofParameters, step, counts.counts());
    report.gradientNorm = Double.NaN; // unless gradients are measured
    Arrays.fill(report.tensorNorm, Double.NaN);
  }

  private int[] those(IntPredicate tensors) {
    return IntStream.range(0, gradients.length).filter(tensors).toArray();
  }

  /** See {@link Optimizer#step}; nobody is told yet. */
  StepReport advance(Gradients source) {
    if (streak.isTooLong()) {
      throw streak.end(report, nonFiniteTensors());
    }
    telemetry.begin();
    long start = System.nanoTime();
    // Whatever can fail comes first; from counting the step on nothing does, but what breaks it
    // off.
    ask(source);
    known.require(source, gradients);
    memoryCheck.check(gradients);
    System.arraycopy(gradients, 0, step.gradients, 0, gradients.length);
    step.begin();
    learningRates.read(step);
    boolean skips = measureSaysSkip();
    if (!skips) {
      prepare();
    }

    counts.clear();
    describe(skips);
    guard.beginStep(step.t());
    if (!skips) {
      step.count();
      chain.decide(step);
      describeScales();
      rule.run(step);
      report.bytes += rule.bytes(step);
      describeSelections();
    }
    counts.complete();
    report.count();
    streak.add(skips || report.skippedCoordinates() > 0);
    report.nanos = System.nanoTime() - start;
    guard.end();
    return report;
  }

  /** Asks for all gradients, and has weights that may be elsewhere where they are found. */
  private void ask(Gradients source) {
    if (source instanceof IndexedGradients indexed) {
      indexed.requireSize(gradients.length);
      for (int i = 0; i < gradients.length; i++) {
        gradients[i] = indexed.of(i);
      }
    } else {
      for (int i = 0; i < gradients.length; i++) {
        gradients[i] = source.of(i, names[i]);
      }
    }
    for (int i : movable) {
      if (gradients[i] != null) {
        parameters.get(i).inPlace().run();
      }
    }
  }

  /** What fails here cleans up behind itself, unless there is no stack left to do so. */
  private void prepare() {
    guard.beginStep(step.t());
    try {
      rule.prepare(step);
    } catch (Throwable e) { // a caller's selection can throw what Java does not declare
      if (!(e instanceof StackOverflowError)) {
        guard.undo();
      }
      throw e;
    }
    guard.undo();
  }

  private void describeSelections() {
    for (int i : packed) {
      IndexMask mask = Objects.requireNonNull(selective).mask(i);
      report.tensorUnselected[i] = mask == null || mask.count() == 0;
    }
  }

  /** Tells all of the step that is complete. */
  void tell() {
    telemetry.end(report);
  }

  /** Of the latest step. */
  private List<String> nonFiniteTensors() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < gradients.length; i++) {
      boolean measured = measure != null && measure.nonFinite(i) > 0;
      if (measured || report.skippedCoordinates(i) > 0) {
        names.add(report.name(i));
      }
    }
    return names;
  }

  private boolean measureSaysSkip() {
    if (measure == null) {
      return false;
    }
    measure.run(step.gradients);
    if (!nonFinite.measures()) {
      return false;
    }
    chain.countTooLarge(step.gradients);
    if (measure.nonFinite() == 0) {
      return false;
    }
    telemetry.refused(step.t(), measure::nonFinite, report);
    if (nonFinite == NonFinitePolicy.THROW) {
      throw NonFiniteStreak.refused(
          step.t(), measure.nonFinite(), measure.nonFiniteTensors(parameters));
    }
    return true;
  }

  private void describe(boolean skips) {
    boolean resets = timeline.resetsAt(step.t()) && !skips;
    report.begin(step.t(), skips, resets, timeline.warmupScale(step.t()), step.learningRate);
    report.tensors(step.learningRates, step.gradients);
    report.bytes = 0;
    if (measure != null) {
      describe(measure);
    }
  }

  private void describe(MeasurePass measured) {
    report.gradientNorm = Math.sqrt(measured.totalSumOfSquares());
    for (int i = 0; i < gradients.length; i++) {
      Tensor gradient = step.gradients[i];
      report.tensorNorm[i] = gradient == null ? Double.NaN : Math.sqrt(measured.sumOfSquares(i));
      report.bytes += gradient == null ? 0 : gradient.bytes();
    }
  }

  /** Without transforms they are 1, as a report is begun with. */
  private void describeScales() {
    if (chain.isEmpty()) {
      return;
    }
    for (int i = 0; i < gradients.length; i++) {
      report.tensorScale[i] = step.has(i) ? chain.scale(i) : 1;
    }
  }
}
