package io.spam4j.examples.training;

import io.spam4j.examples.formats.StateFormat;
import io.spam4j.examples.llama.Corpus;
import io.spam4j.examples.llama.Llama;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A choice that the training offers: how it is called, what it is for, what it may be and what it
 * is unless told otherwise. Whatever is declared here is an option of the command line, must stay
 * the same while a session is continued, and is in the report.
 *
 * @param <T> what a command line makes of an argument: a path, a word, a number or a list of words
 */
public final class TrainingOption<T> {
  // All options; before the constants, which add themselves.
  private static final List<TrainingOption<?>> ALL = new ArrayList<>();

  /** A file, folder or zip of text. */
  public static final TrainingOption<Path> DATA =
      new TrainingOption<>(
          "data",
          Path.class,
          "PATH",
          Corpus.defaultData(),
          _ -> {}, // whether it is there is seen when it is read
          "A text, or a folder or zip of texts, to learn from (default: ${DEFAULT-VALUE}).");

  /** A preset of the model. */
  public static final TrainingOption<String> MODEL =
      new TrainingOption<>(
          "model",
          String.class,
          "SIZE",
          "tiny",
          Llama.Config::preset,
          "tiny, small or 9m (default: ${DEFAULT-VALUE}).");

  /** Steps of each run, at least 2. */
  public static final TrainingOption<Integer> STEPS =
      new TrainingOption<>(
          "steps",
          Integer.class,
          "N",
          300,
          rule("steps must be at least 2", steps -> steps >= 2),
          "Steps of each run (default: ${DEFAULT-VALUE}).");

  /** Names of optimizers, each at most once. */
  public static final TrainingOption<List<String>> OPTIMIZERS =
      new TrainingOption<>(
          "optimizers",
          List.class,
          "NAME",
          TrainingOptimizer.defaults(),
          TrainingOption::requireOptimizers,
          "The optimizers to compare, with commas between (default: ${DEFAULT-VALUE}). There are",
          String.join(", ", TrainingOptimizer.names()) + ".");

  /** How they keep their moments between steps. */
  public static final TrainingOption<String> STATE =
      new TrainingOption<>(
          "state",
          String.class,
          "FORMAT",
          "f32",
          StateFormat::named,
          "How the optimizers keep their moments between steps: f32, bf16 or int8 (default:"
              + " ${DEFAULT-VALUE}). Those that know only f32 are refused with another.");

  /** Sequences a step, at least 1. */
  public static final TrainingOption<Integer> BATCH =
      new TrainingOption<>(
          "batch",
          Integer.class,
          "N",
          16,
          rule("batch must be at least 1", batch -> batch >= 1),
          "Sequences a step (default: ${DEFAULT-VALUE}).");

  /** Bytes a sequence, at least 2. */
  public static final TrainingOption<Integer> LENGTH =
      new TrainingOption<>(
          "length",
          Integer.class,
          "N",
          128,
          rule("length must be at least 2", length -> length >= 2),
          "Bytes of a sequence (default: ${DEFAULT-VALUE}).");

  /**
   * The peak, positive; the rate rises over the first tenth of the steps and then falls along a
   * cosine to a tenth.
   */
  public static final TrainingOption<Double> LEARNING_RATE =
      new TrainingOption<>(
          "learning-rate",
          Double.class,
          "X",
          2e-3,
          rule(
              "learningRate must be positive and finite",
              rate -> rate > 0 && Double.isFinite(rate)),
          "The peak learning rate (default: ${DEFAULT-VALUE}).");

  /** The share of the steps that get spikes, in [0, 1]. */
  public static final TrainingOption<Double> SPIKE_RATE =
      new TrainingOption<>(
          "spike-rate",
          Double.class,
          "X",
          0.02,
          rule("spikeRate must be in [0, 1]", TrainingOption::isFraction),
          "The share of the steps that are spiked, in the spiked runs (default: ${DEFAULT-VALUE}).");

  /** The share of the gradient entries that are spikes in such a step, in [0, 1]. */
  public static final TrainingOption<Double> SPIKE_SHARE =
      new TrainingOption<>(
          "spike-share",
          Double.class,
          "X",
          0.5,
          rule("spikeShare must be in [0, 1]", TrainingOption::isFraction),
          "The share of gradient entries that such a step spikes (default: ${DEFAULT-VALUE}).");

  /** What a spike is multiplied by, finite. */
  public static final TrainingOption<Double> SPIKE_FACTOR =
      new TrainingOption<>(
          "spike-factor",
          Double.class,
          "X",
          1000.0,
          rule("spikeFactor must be finite", Double::isFinite),
          "What a spike multiplies gradients by (default: ${DEFAULT-VALUE}).");

  /** Of the initial weights, the batches, the spikes and the choice of files. */
  public static final TrainingOption<Long> SEED =
      new TrainingOption<>(
          "seed",
          Long.class,
          "N",
          42L,
          _ -> {},
          "Of the weights, batches and spikes (default: ${DEFAULT-VALUE}).");

  private final String name;
  private final Class<?> type;
  private final String label;
  private final T standard;
  private final Consumer<T> check;
  private final List<String> description;

  private TrainingOption(
      String name,
      Class<?> type,
      String label,
      T standard,
      Consumer<T> check,
      String... description) {
    this.name = name;
    this.type = type;
    this.label = label;
    this.standard = standard;
    this.check = check;
    this.description = List.of(description);
    ALL.add(this);
  }

  /** A check whose message is the rule and the value; the rule starts with the value's name. */
  private static <T> Consumer<T> rule(String rule, Predicate<T> holds) {
    return value -> {
      if (!holds.test(value)) {
        String valueName = rule.substring(0, rule.indexOf(' '));
        throw new IllegalArgumentException(rule + ": " + valueName + "=" + value);
      }
    };
  }

  private static boolean isFraction(double value) {
    return value >= 0 && value <= 1;
  }

  private static void requireOptimizers(List<String> names) {
    names.forEach(TrainingOptimizer::of);
    Consumer<List<String>> some = rule("optimizers must not be empty", list -> !list.isEmpty());
    some.andThen(
            rule(
                "optimizers must differ from each other",
                list -> list.stream().distinct().count() == list.size()))
        .accept(names);
  }

  /** All options, in the order they are shown. */
  public static List<TrainingOption<?>> all() {
    return Collections.unmodifiableList(ALL);
  }

  /** The name, such as {@code spike-rate}; on the command line behind two dashes. */
  public String name() {
    return name;
  }

  /** The class of the values; {@code List} where they are lists of words. */
  public Class<?> type() {
    return type;
  }

  /** What stands for a value in help. */
  public String label() {
    return label;
  }

  /** What the value is unless told otherwise. */
  public T standard() {
    return standard;
  }

  /** Lines of help, in which <code>${DEFAULT-VALUE}</code> stands for the standard value. */
  public List<String> description() {
    return description;
  }

  /**
   * Checks a value.
   *
   * @throws IllegalArgumentException if it is out of its range, or not a known word
   */
  void check(T value) {
    check.accept(value);
  }

  /** A value as it is written on the command line. */
  String text(T value) {
    return value instanceof List<?> words
        ? words.stream().map(String::valueOf).collect(Collectors.joining(","))
        : String.valueOf(value);
  }

  @Override
  public String toString() {
    return name;
  }
}
