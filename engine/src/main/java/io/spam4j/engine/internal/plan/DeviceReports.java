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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** Turns what a device counted into reports, and tells who listens. */
final class DeviceReports {
  private final Configuration configuration;
  private final List<String> names;
  private final boolean measures;
  private final StepState step; // counts what was reported; planning goes ahead of it
  private final StepFigures report; // that listeners are told of, or were told of last
  private final Queue<StepFigures> untold = new ArrayDeque<>(); // counted while they were told
  private final NonFiniteStreak streak;
  private final Telemetry telemetry;
  private List<String> nonFiniteTensors = List.of(); // of the latest step
  private boolean telling;

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

  /** Refuses a step while listeners are told of one. */
  void requireTold() {
    if (telling) {
      throw new IllegalStateException(
          "an optimizer must do one step at a time, and listeners are told of one; step when it has"
              + " returned: optimizer="
              + configuration.algorithm().name());
    }
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
    describe(report, facts, statistics, /* skipped= */ true);
    report.clearCounts();
    count(report, found);
    tell();
    return false;
  }

  /** Counts a step that was done; tells of it now, or after the one that is being told of. */
  StepReport add(StepFacts facts, StepResults results) {
    if (telling) {
      StepFigures later = new StepFigures(names, step);
      write(later, facts, results);
      untold.add(later);
      return later;
    }
    telemetry.begin();
    write(report, facts, results);
    tell();
    return report;
  }

  private void write(StepFigures report, StepFacts facts, StepResults results) {
    describe(report, facts, results.statistics(), /* skipped= */ false);
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
    count(report, found);
  }

  /** Goes on from a checkpoint. */
  void restored() {
    streak.restored();
  }

  private void count(StepFigures report, List<String> nonFinite) {
    nonFiniteTensors = nonFinite;
    report.count();
    streak.add(!nonFinite.isEmpty());
  }

  /**
   * Tells of the report, and of those that are counted meanwhile: a listener may save, which waits
   * for later steps. One that throws keeps nobody from being told.
   */
  private void tell() {
    Throwable failure = null;
    telling = true;
    try {
      for (StepFigures next = report; next != null; next = untold.poll()) {
        if (!next.equals(report)) {
          telemetry.begin();
          report.set(next);
        }
        failure = Telemetry.joined(failure, failureOf(report));
      }
    } finally {
      telling = false;
    }
    throwIfAny(failure);
  }

  private @Nullable Throwable failureOf(StepFigures told) {
    try {
      telemetry.end(told);
      return null;
    } catch (RuntimeException | Error e) {
      return e;
    }
  }

  private static void throwIfAny(@Nullable Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
  }

  private void describe(
      StepFigures report, StepFacts facts, @Nullable MemorySegment statistics, boolean skipped) {
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
