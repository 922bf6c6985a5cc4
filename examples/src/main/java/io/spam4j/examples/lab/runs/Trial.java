package io.spam4j.examples.lab.runs;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.StepReport;
import io.spam4j.examples.lab.arms.Contender;
import io.spam4j.examples.lab.protocol.Outcome;
import io.spam4j.examples.lab.protocol.RunSettings;
import io.spam4j.examples.training.SpikeInjector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/** Trains a model once, from its first step to its last. */
final class Trial {
  private static final int CURVE_POINTS = 40;
  private static final double NANOS = 1e9;

  private final Task task;
  private final Executor helper;
  private final BooleanSupplier stop;

  /**
   * Prepares runs.
   *
   * @param helper what a model may use for half of its work
   * @param stop asked before each step
   */
  Trial(Task task, Executor helper, BooleanSupplier stop) {
    this.task = task;
    this.helper = helper;
    this.stop = stop;
  }

  /**
   * Runs.
   *
   * @return empty if it was stopped
   */
  Optional<RunRecord> run(RunSettings run) throws IOException {
    long start = System.nanoTime();
    int steps = run.count(RunSettings.STEPS);
    int stretch = Math.max(1, (steps + CURVE_POINTS - 1) / CURVE_POINTS);
    SpikeInjector injector = injector(run, steps);
    double[] losses = new double[steps];
    long spikes = 0;
    long resets = 0;
    try (TaskModel model = task.open(run, helper);
        Optimizer optimizer = Contender.build(run, model.parameters(), task::isProjection)) {
      double first = model.loss(TaskModel.Part.TUNING);
      for (int step = 0; step < steps; step++) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        losses[step] = model.backward(step);
        injector.inject(step, model.parameters(), model.gradients());
        StepReport report = optimizer.step(model.gradients());
        spikes += report.spikes() + report.loweredCoordinates();
        resets += report.isMomentumReset() ? 1 : 0;
      }
      return Optional.of(
          new RunRecord(
              run,
              new Outcome(
                  first, model.loss(TaskModel.Part.TUNING), model.loss(TaskModel.Part.TEST)),
              curve(losses, stretch),
              stretch,
              spikes,
              resets,
              injector.spikedSteps(),
              optimizer.memory().state(),
              (System.nanoTime() - start) / NANOS));
    }
  }

  private static SpikeInjector injector(RunSettings run, int steps) {
    return new SpikeInjector(
        run.count(RunSettings.SEED),
        steps,
        run.number("spikes.steps", 0),
        run.number("spikes.share", 0),
        run.number("spikes.factor", 1));
  }

  private static List<Double> curve(double[] losses, int stretch) {
    List<Double> curve = new ArrayList<>();
    for (int from = 0; from < losses.length; from += stretch) {
      int to = Math.min(losses.length, from + stretch);
      double sum = 0;
      for (int i = from; i < to; i++) {
        sum += losses[i];
      }
      curve.add(sum / (to - from));
    }
    return curve;
  }
}
