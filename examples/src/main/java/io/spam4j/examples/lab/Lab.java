package io.spam4j.examples.lab;

import io.spam4j.examples.formats.Words;
import io.spam4j.examples.llama.Batch;
import io.spam4j.examples.llama.Batches;
import io.spam4j.examples.llama.Corpus;
import io.spam4j.examples.llama.Llama;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Trains the same model with each optimizer, first on gradients as they are, then with spikes in
 * them. Sets libtorch and OpenBLAS to one thread, for the whole process.
 */
public final class Lab {
  private static final int VALIDATION_BATCHES = 16;

  private final LabSettings settings;
  private final @Nullable LabCheckpoints checkpoints;
  private final LabListener listener;

  /** A lab that has not run yet, and keeps nothing. */
  public Lab(LabSettings settings, LabListener listener) {
    this.settings = settings;
    this.checkpoints = null;
    this.listener = listener;
  }

  /** A lab that can be stopped at any moment and continued by another. */
  public Lab(LabSettings settings, LabCheckpoints checkpoints, LabListener listener) {
    this.settings = settings;
    this.checkpoints = checkpoints;
    this.listener = listener;
  }

  /**
   * Reads the text and does all runs.
   *
   * @param stop asked before each step; once it is true the lab returns what it has
   * @throws IllegalArgumentException if there is no text, or too little; if there is no session to
   *     resume, or one with other settings
   * @throws IOException if the text cannot be read, or a checkpoint cannot be read or written
   */
  public LabResult run(BooleanSupplier stop) throws IOException {
    Corpus corpus = Corpus.read(settings.data(), settings.seed(), settings.length());
    Llama.Config config = Llama.Config.preset(settings.model());
    var batches =
        new Batches(corpus.training(), settings.batch(), settings.length(), settings.seed());
    List<Batch> validation =
        new Batches(corpus.validation(), settings.batch(), settings.length(), settings.seed())
            .validation(VALIDATION_BATCHES);
    var spikes = injector(settings.spikeRate());
    Map<String, String> facts = facts(corpus, config, validation, spikes.spikedSteps());
    RunCheckpoints kept =
        checkpoints == null
            ? RunCheckpoints.none()
            : RunCheckpoints.open(checkpoints, SessionSettings.of(settings, corpus), listener);
    facts.forEach((name, value) -> listener.message(name + ": " + value));
    for (String optimizer : settings.optimizers()) {
      String own = LabOptimizer.of(optimizer).settings(settings.state(), settings.steps());
      listener.message(optimizer + ": " + own);
    }

    try (var helper =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("lab-helper").factory())) {
      List<RunResult> results =
          runAll(new Trainer(settings, batches, validation, helper, listener), spikes, kept, stop);
      boolean finished =
          results.size() == 2 * settings.optimizers().size() && results.getLast().finished();
      if (!finished && kept.isKeeping()) {
        listener.message("the same command with --resume goes on from here");
      }
      return new LabResult(facts, results, !finished);
    }
  }

  private List<RunResult> runAll(
      Trainer trainer, SpikeInjector spikes, RunCheckpoints kept, BooleanSupplier stop)
      throws IOException {
    var noSpikes = injector(0);
    List<RunResult> results = new ArrayList<>();
    int runs = 2 * settings.optimizers().size();
    for (boolean spiked : new boolean[] {false, true}) {
      for (String optimizer : settings.optimizers()) {
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
        listener.runStarted(optimizer, spiked, results.size() + 1, runs, done, settings.steps());
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

  private SpikeInjector injector(double rate) {
    return new SpikeInjector(
        settings.seed(), settings.steps(), rate, settings.spikeShare(), settings.spikeFactor());
  }

  private Map<String, String> facts(
      Corpus corpus, Llama.Config config, List<Batch> validation, int spikedSteps) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("data", settings.data().toString());
    facts.put("training text", size(corpus.training(), corpus.trainingFiles()));
    facts.put("validation text", size(corpus.validation(), corpus.validationFiles()));
    facts.put(
        "validated on",
        String.format(
            Locale.ROOT, "%,d bytes", validation.stream().mapToLong(Batch::tokens).sum()));
    facts.put(
        "model",
        String.format(
            Locale.ROOT,
            "%s: %,d weights, %d layers, hidden %d, %d heads",
            config.name(),
            config.weights(),
            config.layers(),
            config.hidden(),
            config.heads()));
    facts.put(
        "steps",
        String.format(
            Locale.ROOT,
            "%d of %d x %d bytes",
            settings.steps(),
            settings.batch(),
            settings.length()));
    facts.put(
        "learning rate",
        String.format(
            Locale.ROOT,
            "%s, %d steps of warm-up, cosine to a tenth",
            settings.learningRate(),
            settings.steps() / 10));
    facts.put(
        "spikes",
        String.format(
            Locale.ROOT,
            "%s of the gradient entries times %s in %d of %d steps",
            settings.spikeShare(),
            settings.spikeFactor(),
            spikedSteps,
            settings.steps()));
    facts.put(LabResult.STATE, Words.of(settings.state()));
    facts.put("seed", Long.toString(settings.seed()));
    return facts;
  }

  private static String size(byte[] text, List<String> files) {
    return String.format(Locale.ROOT, "%,d bytes of %,d files", text.length, files.size());
  }
}
