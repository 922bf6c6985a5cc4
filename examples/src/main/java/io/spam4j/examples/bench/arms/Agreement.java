package io.spam4j.examples.bench.arms;

import io.spam4j.examples.bench.values.BenchValues;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Compares the first steps of an arm with {@link ReferenceRule} on a few weights of every tensor.
 * Their gradients change from step to step meanwhile: with a constant gradient Adam's step does not
 * depend on its decays.
 */
final class Agreement {
  /** Float32 against double: rounding of a weight of 0.02 alone is 1e-6 of a step. */
  static final double ENGINE = 1e-4;

  /**
   * libtorch sums norms in float32 and rounds in another order than we do, and divides by rounded
   * bias corrections.
   */
  static final double TORCH = 1e-3;

  private static final double[] FACTORS = {1, -0.5, 0.75};

  private Agreement() {}

  /**
   * A weight to look at.
   *
   * @param selected whether it has moments; the others must stay as they are
   */
  record Place(int tensor, long at, boolean selected) {}

  /** The first, the last and two weights between, of each tensor; all selected. */
  static List<Place> ofDense(BenchValues values) {
    List<Place> places = new ArrayList<>();
    for (int tensor = 0; tensor < values.tensors(); tensor++) {
      int index = tensor;
      long n = values.elements(tensor);
      LongStream.of(0, n / 3, 2 * n / 3, n - 1)
          .distinct()
          .forEach(at -> places.add(new Place(index, at, true)));
    }
    return places;
  }

  /**
   * Does as many steps as there are factors.
   *
   * @param tolerance the largest difference, in learning rates
   * @throws IllegalStateException if a weight differs by more
   */
  static void check(
      String arm,
      BenchValues values,
      List<Place> places,
      Runnable step,
      ReferenceRule rule,
      double tolerance) {
    float[] before = new float[places.size()];
    float[] base = new float[places.size()];
    List<ReferenceRule.State> states = new ArrayList<>();
    for (int i = 0; i < before.length; i++) {
      Place p = places.get(i);
      before[i] = values.weight(p.tensor, p.at);
      base[i] = values.gradient(p.tensor, p.at);
      states.add(new ReferenceRule.State(before[i]));
    }
    List<ReferenceRule.History> histories = new ArrayList<>();
    for (int tensor = 0; tensor < values.tensors(); tensor++) {
      histories.add(new ReferenceRule.History());
    }
    for (int k = 1; k <= FACTORS.length; k++) {
      for (int i = 0; i < base.length; i++) {
        Place p = places.get(i);
        values.setGradient(p.tensor, p.at, (float) (base[i] * FACTORS[k - 1]));
      }
      if (rule == ReferenceRule.STABLE_SPAM) {
        for (int tensor = 0; tensor < values.tensors(); tensor++) {
          histories.get(tensor).look(values, tensor, k);
        }
      }
      for (int i = 0; i < base.length; i++) {
        Place p = places.get(i);
        double g = values.gradient(p.tensor, p.at);
        boolean transforms = rule == ReferenceRule.STABLE_SPAM;
        states.get(i).update(rule, transforms ? histories.get(p.tensor).transformed(g) : g, k);
      }
      step.run();
    }
    for (int i = 0; i < base.length; i++) {
      Place p = places.get(i);
      values.setGradient(p.tensor, p.at, base[i]);
      double expected = p.selected ? states.get(i).weight : before[i];
      double allowed = p.selected ? tolerance * ReferenceRule.LEARNING_RATE : 0;
      float actual = values.weight(p.tensor, p.at);
      if (!(Math.abs(actual - expected) <= allowed)) {
        throw new IllegalStateException(
            "weight must be what %s makes of it: arm=%s, tensor=%d, at=%d, weight=%s, expected=%s"
                .formatted(rule, arm, p.tensor, p.at, actual, (float) expected));
      }
    }
  }
}
