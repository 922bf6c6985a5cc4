package io.spam4j.examples.demo;

import io.spam4j.examples.training.RunResult;
import io.spam4j.examples.training.StepSample;
import io.spam4j.examples.training.TrainingResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Results as a training could have found them, made up from a seed. */
final class Samples {
  private Samples() {}

  /** Four optimizers, clean and spiked; {@code adamw} diverges under spikes. */
  static TrainingResult full(int steps) {
    List<RunResult> runs = new ArrayList<>();
    for (String optimizer : List.of("adamw", "adamw-clip", "spam", "spam-noreset")) {
      runs.add(run(optimizer, false, steps, 4.2 + runs.size() * 0.05));
      boolean lost = optimizer.equals("adamw");
      runs.add(
          run(optimizer, true, steps, lost ? Double.POSITIVE_INFINITY : 6.5 - runs.size() * 0.1));
    }
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("model", "tiny, 0.4 M weights");
    settings.put("data", "</script><b>not a tag</b>");
    settings.put("steps", String.valueOf(steps));
    settings.put("state", "bf16");
    settings.put("spikes", "2 % of steps, half of the tensors, times 1000");
    return new TrainingResult(settings, runs, false);
  }

  /** One run whose loss falls from 5.5 and whose every fiftieth step is spiked if asked for. */
  static RunResult run(String optimizer, boolean spiked, int steps, double perplexity) {
    Random random = new Random(optimizer.hashCode() + (spiked ? 1 : 0));
    boolean spam = optimizer.startsWith("spam");
    boolean diverges = Double.isInfinite(perplexity);
    List<StepSample> samples = new ArrayList<>();
    double bump = 0;
    long clipped = 0;
    for (int step = 0; step < steps; step++) {
      boolean injected = spiked && step % 50 == 25;
      bump = bump * 0.93 + (injected ? (spam ? 0.05 : 0.9) : 0);
      double loss = 1.5 + 4 * Math.exp(-step / 90.0) + 0.08 * random.nextGaussian() + bump;
      double ratio = Math.exp(5 + random.nextGaussian()) * (injected ? 1e5 : 1);
      long spikes = spam && ratio > 5000 ? 1 + (long) (ratio / 3000) : 0;
      clipped += spikes;
      boolean lost = diverges && step > steps * 3 / 4;
      samples.add(
          new StepSample(
              step,
              lost ? Double.NaN : loss,
              lost ? Double.POSITIVE_INFINITY : ratio,
              spikes,
              injected,
              optimizer.equals("spam") && step % 100 == 0));
    }
    return new RunResult(
        optimizer,
        spam ? "lr 0.001, threshold 5000, reset every 100" : "lr 0.001, betas 0.9, 0.999",
        spiked,
        true,
        samples,
        diverges ? Double.NaN : perplexity,
        clipped,
        3_200_000,
        spam ? 0.61 : 0.47,
        38.2);
  }

  /** A run that was stopped after some steps. */
  static RunResult stopped(String optimizer, boolean spiked, int steps) {
    RunResult whole = run(optimizer, spiked, steps, 5);
    return new RunResult(
        optimizer,
        whole.settings(),
        spiked,
        false,
        whole.samples(),
        Double.NaN,
        whole.spikesClipped(),
        whole.stateBytes(),
        whole.optimizerMillis(),
        whole.modelMillis());
  }
}
