package io.spam4j.examples.lab.arms;

import io.spam4j.examples.lab.protocol.RunSettings;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;

/** Reads the settings of an arm and remembers which, so that one that nobody reads is refused. */
final class Knobs {
  /** Of the run, its task and its spikes; these have dots in them or belong to the stages. */
  private static final Set<String> OF_OTHERS =
      Set.of(RunSettings.RATE, RunSettings.RATIO, RunSettings.SEED, RunSettings.STEPS);

  private final RunSettings run;
  private final Set<String> read = new HashSet<>();

  Knobs(RunSettings run) {
    this.run = run;
  }

  /** A word, or what stands for it. */
  String word(String name, String standard) {
    read.add(name);
    return run.get(name, standard);
  }

  /** A number, or what stands for it. */
  double number(String name, double standard) {
    read.add(name);
    return run.number(name, standard);
  }

  /** A whole number, or what stands for it. */
  int count(String name, int standard) {
    read.add(name);
    return run.count(name, standard);
  }

  /** Hands a number over if it is set. */
  void number(String name, DoubleConsumer use) {
    read.add(name);
    if (run.find(name) != null) {
      use.accept(run.number(name));
    }
  }

  /** Hands a whole number over if it is set. */
  void count(String name, IntConsumer use) {
    read.add(name);
    if (run.find(name) != null) {
      use.accept(run.count(name));
    }
  }

  /** Yes or no, or what stands for it. */
  boolean flag(String name, boolean standard) {
    String value = word(name, Boolean.toString(standard));
    if (!value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException(
          "setting must be true or false: name=%s, value=%s".formatted(name, value));
    }
    return value.equals("true");
  }

  /**
   * Refuses what was not read.
   *
   * @throws IllegalArgumentException if there is a setting that the optimizer does not have
   */
  void requireAllRead(String optimizer) {
    List<String> unknown =
        run.values().keySet().stream()
            .filter(name -> name.indexOf('.') < 0)
            .filter(name -> !OF_OTHERS.contains(name) && !read.contains(name))
            .toList();
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "settings must be those of the optimizer: optimizer=%s, unknown=%s, known=%s"
              .formatted(optimizer, unknown, read.stream().sorted().toList()));
    }
  }
}
