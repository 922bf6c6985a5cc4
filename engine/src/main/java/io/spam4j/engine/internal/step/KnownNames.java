package io.spam4j.engine.internal.step;

import io.spam4j.engine.Gradients;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The names of an optimizer's parameters, against those that a source of gradients uses. */
final class KnownNames {
  private static final int MOST_COMPARED = 10_000;
  private static final int MOST_CHARACTERS = 100;

  /** Of the engine's own map, what it gives under a name is there under that name. */
  private static final Class<?> MAP = Gradients.of(Map.of()).getClass();

  private final String[] inOrder;
  private final Set<String> names;

  KnownNames(List<String> names) {
    inOrder = names.toArray(String[]::new);
    this.names = new LinkedHashSet<>(names);
  }

  /**
   * Refuses a source with a gradient for nobody; allocates nothing if there is none.
   *
   * @param gradients what the parameters found there
   * @throws IllegalArgumentException if some name is no parameter's
   */
  void require(Gradients source, @Nullable Tensor[] gradients) {
    Set<String> given = source.names();
    if (given == null) {
      return;
    }
    boolean isMap = source.getClass().equals(MAP);
    int found = 0; // under its own name: a source can have more for those that it knows
    for (int i = 0; i < gradients.length; i++) {
      found += gradients[i] != null && (isMap || given.contains(inOrder[i])) ? 1 : 0;
    }
    if (given.size() == found) {
      return;
    }
    for (String name : given) {
      if (!names.contains(name) && source.of(name) != null) {
        throw new IllegalArgumentException(
            "a gradient's name must be a parameter's; give a map that has others too as map::get:"
                + " gradient=%s, nearest parameter=%s".formatted(name, nearest(name)));
      }
    }
  }

  private String nearest(String name) {
    return names.stream()
        .limit(MOST_COMPARED)
        .min(Comparator.comparingInt(known -> distance(start(name), start(known))))
        .orElse("");
  }

  private static String start(String name) {
    return name.substring(0, Math.min(name.length(), MOST_CHARACTERS));
  }

  /** Insertions, deletions and replacements from one to the other (Levenshtein). */
  private static int distance(String one, String other) {
    int[] row = new int[other.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[other.length()];
  }
}
