package io.spam4j.examples.training;

import static io.spam4j.examples.training.TrainingOption.BATCH;
import static io.spam4j.examples.training.TrainingOption.LEARNING_RATE;
import static io.spam4j.examples.training.TrainingOption.LENGTH;
import static io.spam4j.examples.training.TrainingOption.SEED;
import static io.spam4j.examples.training.TrainingOption.STEPS;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.StepReport;
import io.spam4j.examples.llama.Batch;
import io.spam4j.examples.llama.Batches;
import io.spam4j.examples.llama.Llama;
import io.spam4j.examples.llama.Shards;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/** Trains one copy of the model with one optimizer, from the same start on the same batches. */
final class Trainer {
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double FINAL_RATE = 0.1;

  private final TrainingSettings settings;
  private final Batches batches;
  private final List<Batch> validation;
  private final Executor helper;
  private final TrainingListener listener;

  /**
   * Prepares runs.
   *
   * @param batches of the training text
   * @param validation what every run is evaluated on
   * @param helper one thread, the same for all runs: OpenBLAS keeps 32 MiB for each thread it saw
   */
  Trainer(
      TrainingSettings settings,
      Batches batches,
      List<Batch> validation,
      Executor helper,
      TrainingListener listener) {
    this.settings = settings;
    this.batches = batches;
    this.validation = validation;
    this.helper = helper;
    this.listener = listener;
  }

  /**
   * One run.
   *
   * @param from how far it has come in an earlier session
   * @param injector tells when and where gradients are spiked
   * @param checkpoints where it is saved
   * @param stop asked before each step; if true the run is saved and ends, unfinished
   * @throws IOException if a checkpoint cannot be read or written
   */
  RunResult run(
      RunName name,
      RunProgress from,
      SpikeInjector injector,
      RunCheckpoints checkpoints,
      BooleanSupplier stop)
      throws IOException {
    int steps = settings.get(STEPS);
    TrainingOptimizer contender = TrainingOptimizer.of(name.optimizer());
    int length = settings.get(LENGTH);
    try (var model =
            new Shards(Llama.create(settings.model(), length, settings.get(SEED)), helper);
        Optimizer optimizer =
            contender.build(model.parameters(), schedule(), settings.state(), steps)) {
      if (!from.samples().isEmpty()) {
        checkpoints.load(name, optimizer);
      }
      List<StepSample> samples = new ArrayList<>(from.samples());
      long modelNanos = from.modelNanos();
      long optimizerNanos = from.optimizerNanos();
      for (int step = samples.size(); step < steps && !stop.getAsBoolean(); step++) {
        long start = System.nanoTime();
        double loss = model.backward(batches.training(step));
        modelNanos += System.nanoTime() - start;

        boolean injected = injector.inject(step, model.parameters(), model.gradients());
        start = System.nanoTime();
        StepReport report = optimizer.step(model.gradients());
        optimizerNanos += System.nanoTime() - start;

        long clipped = report.spikes() + report.loweredCoordinates();
        var sample =
            new StepSample(
                step, loss, report.largestRatio(), clipped, injected, report.isMomentumReset());
        samples.add(sample);
        listener.step(sample, (long) settings.get(BATCH) * length);
        if (checkpoints.isDue(samples.size())) {
          checkpoints.save(name, new RunProgress(samples, optimizerNanos, modelNanos), optimizer);
        }
      }
      boolean finished = samples.size() == steps;
      if (!finished && !checkpoints.isDue(samples.size())) {
        checkpoints.save(name, new RunProgress(samples, optimizerNanos, modelNanos), optimizer);
      }
      return new RunResult(
          name.optimizer(),
          contender.settings(settings.state(), steps),
          name.spiked(),
          finished,
          samples,
          finished ? Math.exp(model.loss(validation)) : Double.NaN,
          samples.stream().mapToLong(StepSample::spikes).sum(),
          optimizer.memory().state(),
          optimizerNanos / NANOS_PER_MILLI / Math.max(1, samples.size()),
          modelNanos / NANOS_PER_MILLI / Math.max(1, samples.size()));
    }
  }

  private Schedule schedule() {
    int steps = settings.get(STEPS);
    return Schedule.warmupCosine(settings.get(LEARNING_RATE), steps / 10, steps, FINAL_RATE);
  }
}
