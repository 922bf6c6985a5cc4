package io.spam4j.engine.internal.step;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.engine.internal.measure.MeasurePass;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Does one step after the other: checks, schedules, measures and transforms gradients, lets the
 * rule update, counts and reports. Whatever can fail comes first.
 */
final class Stepper {
  private final NonFinitePolicy nonFinite;
  private final Telemetry telemetry;
  private final List<Parameter> parameters;
  private final List<String> names;
  private final List<Hyperparameters> hyperparameters;
  private final MemoryCheck memoryCheck;
  private final @Nullable MeasurePass measure;
  private final TransformChain chain;
  private final SharedTallies counts;
  private final UpdateRule rule;
  private final @Nullable SelectiveRule selective; // the same, if it is one
  private final Timeline timeline;

  private final StepState step; // advanced, besides weights and the state of chain and rule
  private final NonFiniteStreak streak;

  // What one step works with, and its report; reused.
  private final @Nullable Tensor[] gradients;
  private final StepFigures report;

  Stepper(
      RuleParts parts,
      StepState step,
      @Nullable MeasurePass measure,
      UpdateRule rule,
      MemoryCheck memoryCheck,
      NonFiniteStreak streak,
      Telemetry telemetry) {
    this.measure = measure;
    this.rule = rule;
    selective = rule instanceof SelectiveRule some ? some : null;
    timeline = selective == null ? Timeline.NONE : selective.timeline();
    this.memoryCheck = memoryCheck;
    this.streak = streak;
    this.telemetry = telemetry;
    nonFinite = parts.nonFinite();
    parameters = parts.parameters();
    hyperparameters = parts.hyperparameters();
    chain = parts.chain();
    counts = parts.counts();
    this.step = step;
    gradients = new Tensor[parameters.size()];
    names = parameters.stream().map(Parameter::name).toList();
    report = new StepFigures(names, step);
  }

  /** See {@link Optimizer#step}. */
  StepReport advance(Gradients source) {
    if (streak.isTooLong()) {
      throw streak.end(report, nonFiniteTensors());
    }
    telemetry.begin();
    long start = System.nanoTime();
    // Whatever can fail comes first; from counting the step on nothing does.
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] = source.of(report.name(i));
    }
    memoryCheck.check(gradients);
    for (int i = 0; i < gradients.length; i++) {
      step.gradients[i] = gradients[i];
    }
    step.begin();
    step.readLearningRates(hyperparameters, names);
    boolean skips = measureSaysSkip();
    if (!skips && selective != null) {
      selective.prepare(step);
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
      if (selective != null) {
        describeSelections(selective);
      }
    }
    counts.describe(report);
    step.addSpikes(report.tensorSpikes);
    step.countNonFinite(skips || report.skippedCoordinates() > 0);
    report.nanos = System.nanoTime() - start;
    telemetry.end(report);
    return report;
  }

  private void describeSelections(SelectiveRule some) {
    for (int i = 0; i < gradients.length; i++) {
      IndexMask mask = some.isPacked(i) ? some.mask(i) : null;
      report.tensorUnselected[i] = some.isPacked(i) && (mask == null || mask.count() == 0);
    }
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
    if (!nonFinite.measures() || measure.nonFinite() == 0) {
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
    report.begin(step.t(), skips, resets, timeline.warmupScale(step.t()), step.learningRates[0]);
    report.gradientNorm = measure == null ? Double.NaN : Math.sqrt(measure.totalSumOfSquares());
    long measured = 0;
    for (int i = 0; i < gradients.length; i++) {
      Tensor gradient = step.gradients[i];
      report.tensorNorm[i] =
          measure == null || gradient == null ? Double.NaN : Math.sqrt(measure.sumOfSquares(i));
      measured += measure == null || gradient == null ? 0 : gradient.bytes();
    }
    report.bytes = measured;
  }
}
