package io.spam4j.examples.training;

import static io.spam4j.examples.training.TrainingOption.BATCH;
import static io.spam4j.examples.training.TrainingOption.DATA;
import static io.spam4j.examples.training.TrainingOption.LENGTH;
import static io.spam4j.examples.training.TrainingOption.OPTIMIZERS;
import static io.spam4j.examples.training.TrainingOption.SEED;
import static io.spam4j.examples.training.TrainingOption.SPIKE_FACTOR;
import static io.spam4j.examples.training.TrainingOption.SPIKE_RATE;
import static io.spam4j.examples.training.TrainingOption.SPIKE_SHARE;
import static io.spam4j.examples.training.TrainingOption.STEPS;

import io.spam4j.examples.llama.Batch;
import io.spam4j.examples.llama.Batches;
import io.spam4j.examples.llama.Corpus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Trains the same model with each optimizer, first on gradients as they are, then with spikes in
 * them. Sets libtorch and OpenBLAS to one thread, for the whole process.
 */
public final class Training {
  private static final int VALIDATION_BATCHES = 16;

  private final TrainingSettings settings;
  private final @Nullable TrainingCheckpoints checkpoints;
  private final TrainingListener listener;

  /** A training that has not run yet, and keeps nothing. */
  public Training(TrainingSettings settings, TrainingListener listener) {
    this.settings = settings;
    this.checkpoints = null;
    this.listener = listener;
  }

  /** A training that can be stopped at any moment and continued by another. */
  public Training(
      TrainingSettings settings, TrainingCheckpoints checkpoints, TrainingListener listener) {
    this.settings = settings;
    this.checkpoints = checkpoints;
    this.listener = listener;
  }

  /**
   * Reads the text and does all runs.
   *
   * @param stop asked before each step; once it is true it returns what it has
   * @throws IllegalArgumentException if there is no text, or too little; if there is no session to
   *     resume, or one with other settings
   * @throws IOException if the text cannot be read, or a checkpoint cannot be read or written
   */
  public TrainingResult run(BooleanSupplier stop) throws IOException {
    Corpus corpus = Corpus.read(settings.get(DATA), settings.get(SEED), settings.get(LENGTH));
    Batches batches = batches(corpus.training());
    List<Batch> validation = batches(corpus.validation()).validation(VALIDATION_BATCHES);
    var spikes = injector(settings.get(SPIKE_RATE));
    Map<String, String> facts =
        TrainingFacts.of(settings, corpus, validation, spikes.spikedSteps());
    RunCheckpoints kept =
        checkpoints == null
            ? RunCheckpoints.none()
            : RunCheckpoints.open(checkpoints, SessionSettings.of(settings, corpus), listener);
    facts.forEach((name, value) -> listener.message(name + ": " + value));
    for (String optimizer : settings.get(OPTIMIZERS)) {
      String own = TrainingOptimizer.of(optimizer).settings(settings.state(), settings.get(STEPS));
      listener.message(optimizer + ": " + own);
    }

    try (var helper =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("training-helper").factory())) {
      List<RunResult> results =
          runAll(new Trainer(settings, batches, validation, helper, listener), spikes, kept, stop);
      boolean finished =
          results.size() == 2 * settings.get(OPTIMIZERS).size() && results.getLast().finished();
      if (!finished && kept.isKeeping()) {
        listener.message("the same command with --resume goes on from here");
      }
      return new TrainingResult(facts, results, !finished);
    }
  }

  private List<RunResult> runAll(
      Trainer trainer, SpikeInjector spikes, RunCheckpoints kept, BooleanSupplier stop)
      throws IOException {
    var noSpikes = injector(0);
    List<RunResult> results = new ArrayList<>();
    int runs = 2 * settings.get(OPTIMIZERS).size();
    for (boolean spiked : new boolean[] {false, true}) {
      for (String optimizer : settings.get(OPTIMIZERS)) {
        RunName name = new RunName(optimizer, spiked);
        Optional<RunResult> earlier = kept.result(name);
        if (earlier.isPresent()) {
          results.add(earlier.get());
          listener.message(name + ": finished earlier");
          continue;
        }
        if (stop.getAsBoolean()) {
          return results;
        }
        RunProgress from = kept.progress(name);
        int done = from.samples().size();
        listener.runStarted(optimizer, spiked, results.size() + 1, runs, done, settings.get(STEPS));
        RunResult result = trainer.run(name, from, spiked ? spikes : noSpikes, kept, stop);
        results.add(result);
        if (result.finished()) {
          kept.keep(name, result);
        }
        listener.runFinished(result);
        if (!result.finished()) {
          return results;
        }
      }
    }
    return results;
  }

  private Batches batches(byte[] text) {
    return new Batches(text, settings.get(BATCH), settings.get(LENGTH), settings.get(SEED));
  }

  private SpikeInjector injector(double rate) {
    return new SpikeInjector(
        settings.get(SEED),
        settings.get(STEPS),
        rate,
        settings.get(SPIKE_SHARE),
        settings.get(SPIKE_FACTOR));
  }
}
