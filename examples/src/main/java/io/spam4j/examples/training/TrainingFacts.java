package io.spam4j.examples.training;

import static io.spam4j.examples.training.TrainingOption.BATCH;
import static io.spam4j.examples.training.TrainingOption.DATA;
import static io.spam4j.examples.training.TrainingOption.LEARNING_RATE;
import static io.spam4j.examples.training.TrainingOption.LENGTH;
import static io.spam4j.examples.training.TrainingOption.MODEL;
import static io.spam4j.examples.training.TrainingOption.OPTIMIZERS;
import static io.spam4j.examples.training.TrainingOption.SPIKE_FACTOR;
import static io.spam4j.examples.training.TrainingOption.SPIKE_RATE;
import static io.spam4j.examples.training.TrainingOption.SPIKE_SHARE;
import static io.spam4j.examples.training.TrainingOption.STEPS;

import io.spam4j.examples.llama.Batch;
import io.spam4j.examples.llama.Corpus;
import io.spam4j.examples.llama.Llama;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What was set or found, for display: sentences, then every option that they do not tell. */
final class TrainingFacts {
  /** Told in sentences, most with others; the optimizers are told with their runs. */
  private static final Set<TrainingOption<?>> TOLD =
      Set.of(
          DATA,
          MODEL,
          STEPS,
          OPTIMIZERS,
          BATCH,
          LENGTH,
          LEARNING_RATE,
          SPIKE_RATE,
          SPIKE_SHARE,
          SPIKE_FACTOR);

  private TrainingFacts() {}

  /**
   * The facts by their names, in order.
   *
   * @param validation what every run is evaluated on
   * @param spikedSteps how many steps of a spiked run are spiked
   */
  static Map<String, String> of(
      TrainingSettings settings, Corpus corpus, List<Batch> validation, int spikedSteps) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("data", settings.text(DATA));
    facts.put("training text", size(corpus.training(), corpus.trainingFiles()));
    facts.put("validation text", size(corpus.validation(), corpus.validationFiles()));
    long validated = validation.stream().mapToLong(Batch::tokens).sum();
    facts.put("validated on", String.format(Locale.ROOT, "%,d bytes", validated));
    facts.put("model", model(settings.model()));
    facts.put(
        "steps",
        String.format(
            Locale.ROOT,
            "%d of %d x %d bytes",
            settings.get(STEPS),
            settings.get(BATCH),
            settings.get(LENGTH)));
    facts.put(
        "learning rate",
        String.format(
            Locale.ROOT,
            "%s, %d steps of warm-up, cosine to a tenth",
            settings.get(LEARNING_RATE),
            settings.get(STEPS) / 10));
    facts.put(
        "spikes",
        String.format(
            Locale.ROOT,
            "%s of the gradient entries times %s in %d of %d steps",
            settings.get(SPIKE_SHARE),
            settings.get(SPIKE_FACTOR),
            spikedSteps,
            settings.get(STEPS)));
    for (TrainingOption<?> option : TrainingOption.all()) {
      if (!TOLD.contains(option)) {
        facts.put(option.name(), settings.text(option));
      }
    }
    return facts;
  }

  private static String size(byte[] text, List<String> files) {
    return String.format(Locale.ROOT, "%,d bytes of %,d files", text.length, files.size());
  }

  private static String model(Llama.Config config) {
    return String.format(
        Locale.ROOT,
        "%s: %,d weights, %d layers, hidden %d, %d heads",
        config.name(),
        config.weights(),
        config.layers(),
        config.hidden(),
        config.heads());
  }
}
