package io.spam4j.engine.optimizers;

import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.math.NamePattern;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** What groups change, see {@link OptimizerBuilder#group}: for names that match a pattern. */
final class GroupPatterns {
  private record Change(String pattern, Consumer<Group> change) {
    boolean matches(String name) {
      return NamePattern.matches(pattern, name);
    }
  }

  private final List<Change> changes = new ArrayList<>();

  /** Adds a change, after those that are there. */
  void add(String pattern, Consumer<Group> change) {
    changes.add(new Change(pattern, change));
  }

  /**
   * The hyper-parameters of each parameter.
   *
   * @param defaults a group of its own for each name, before the changes
   * @throws IllegalArgumentException if a pattern matches no name, or a value is out of its range
   */
  List<Hyperparameters> hyperparameters(List<String> names, Function<String, Group> defaults) {
    List<Hyperparameters> hyperparameters = new ArrayList<>();
    boolean[] used = new boolean[changes.size()];
    for (String name : names) {
      Group group = defaults.apply(name);
      for (int i = 0; i < used.length; i++) {
        if (changes.get(i).matches(name)) {
          changes.get(i).change().accept(group);
          used[i] = true;
        }
      }
      hyperparameters.add(group.toHyperparameters());
    }
    for (int i = 0; i < used.length; i++) {
      if (!used[i]) {
        throw new IllegalArgumentException(
            "group must match a parameter: pattern=%s, parameters=%s"
                .formatted(changes.get(i).pattern(), names));
      }
    }
    return hyperparameters;
  }
}
