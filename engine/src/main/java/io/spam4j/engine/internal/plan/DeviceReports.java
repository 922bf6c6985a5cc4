package io.spam4j.engine.internal.plan;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.device.StepFacts;
import io.spam4j.engine.device.StepResults;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.step.Configuration;
import io.spam4j.engine.internal.step.NonFiniteStreak;
import io.spam4j.engine.internal.step.StepFigures;
import io.spam4j.engine.internal.step.Telemetry;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns what a device counted into reports, and tells who listens. */
final class DeviceReports {
  private final Configuration configuration;
  private final List<String> names;
  private final boolean measures;
  private final StepState step; // counts what was reported; planning goes ahead of it
  private final StepFigures report;
  private final NonFiniteStreak streak;
  private final Telemetry telemetry;
  private List<String> nonFiniteTensors = List.of(); // of the latest step

  DeviceReports(Configuration configuration, List<String> names, boolean measures, StepState step) {
    this.configuration = configuration;
    this.names = names;
    this.measures = measures;
    this.step = step;
    report = new StepFigures(names, step);
    streak = new NonFiniteStreak(configuration.stopAfterNonFinite(), step);
    telemetry = new Telemetry(configuration.listeners());
  }

  List<String> names() {
    return names;
  }

  StepFigures report() {
    return report;
  }

  boolean measures() {
    return measures;
  }

  /** Ends a run whose gradients stay broken. */
  void stopIfNeverFinite() {
    if (streak.isTooLong()) {
      throw streak.end(report, nonFiniteTensors);
    }
  }

  /** Whether gradients with these statistics make a step; if not, it is reported, or refused. */
  boolean admits(StepFacts facts, MemorySegment statistics) {
    int tensors = report.tensors();
    if (DeviceRows.nonFinite(statistics, tensors) == 0) {
      return true;
    }
    List<String> found = nonFinite(statistics);
    telemetry.refused(facts.step(), i -> DeviceRows.nonFinite(statistics, i), report);
    if (configuration.nonFinite() == NonFinitePolicy.THROW) {
      throw NonFiniteStreak.refused(facts.step(), DeviceRows.nonFinite(statistics, tensors), found);
    }
    telemetry.begin();
    describe(facts, statistics, /* skipped= */ true);
    report.clearCounts();
    end(found);
    return false;
  }

  /** Reports a step that was done. */
  StepReport add(StepFacts facts, StepResults results) {
    telemetry.begin();
    describe(facts, results.statistics(), /* skipped= */ false);
    List<String> found = new ArrayList<>();
    for (int i = 0; i < report.tensors(); i++) {
      DeviceRows.readTally(results.tallies(), i, report);
      if (facts.hasGradient().get(i)) {
        report.tensorScale[i] = DeviceRows.gradientScale(results.coefficients(), i);
      }
      if (report.skippedCoordinates(i) > 0) {
        found.add(report.name(i));
      }
    }
    for (int i = 0; i < report.tensors(); i++) {
      report.tensorUnselected[i] = facts.unselected().get(i);
    }
    report.bytes = facts.bytes();
    report.nanos = results.nanos();
    end(found);
    return report;
  }

  /** Goes on from a checkpoint. */
  void restored() {
    streak.restored();
  }

  private void end(List<String> nonFinite) {
    nonFiniteTensors = nonFinite;
    step.add(report);
    streak.add(!nonFinite.isEmpty());
    telemetry.end(report);
  }

  private void describe(StepFacts facts, @Nullable MemorySegment statistics, boolean skipped) {
    boolean resets = facts.resetsMoments() && !skipped;
    report.begin(facts.step(), skipped, resets, facts.warmupScale(), facts.learningRate());
    report.gradientNorm = norm(statistics, report.tensors());
    double[] learningRates = facts.learningRates();
    for (int i = 0; i < report.tensors(); i++) {
      report.tensor(i, learningRates[i], facts.hasGradient().get(i));
      report.tensorNorm[i] = facts.hasGradient().get(i) ? norm(statistics, i) : Double.NaN;
    }
  }

  private double norm(@Nullable MemorySegment statistics, int row) {
    if (statistics == null) {
      return Double.NaN;
    }
    if (configuration.propagates() && DeviceRows.nonFinite(statistics, row) > 0) {
      return DeviceRows.hasNaN(statistics, row) ? Double.NaN : Double.POSITIVE_INFINITY;
    }
    return Math.sqrt(DeviceRows.sumOfSquares(statistics, row));
  }

  private List<String> nonFinite(MemorySegment statistics) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < report.tensors(); i++) {
      if (DeviceRows.nonFinite(statistics, i) > 0) {
        names.add(report.name(i));
      }
    }
    return names;
  }
}
