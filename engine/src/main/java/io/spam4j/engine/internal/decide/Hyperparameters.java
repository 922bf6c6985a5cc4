package io.spam4j.engine.internal.decide;

import io.spam4j.engine.Schedule;
import io.spam4j.engine.internal.math.Ranges;
import java.util.LinkedHashMap;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.Set;

/**
 * The hyper-parameters of one parameter; see {@link io.spam4j.engine.optimizers.OptimizerBuilder}
 * for ranges and symbols.
 *
 * @param used those that not all optimizers have, but this one does
 */
public record Hyperparameters(
    Schedule learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    double spikeThreshold,
    double density,
    Set<Setting> used) {
  /** What some optimizers have and others do not. */
  public enum Setting {
    BETAS("betas"),
    EPSILON("epsilon"),
    SPIKE_THRESHOLD("spikeThreshold"),
    DENSITY("density");

    private final String label;

    Setting(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }
  }

  public Hyperparameters {
    Ranges.decay("beta1", beta1);
    Ranges.decay("beta2", beta2);
    Ranges.floatNotNegative("epsilon", epsilon);
    Ranges.floatNotNegative("weightDecay", weightDecay);
    Ranges.float0OrMore("spikeThreshold", spikeThreshold);
    if (!(density > 0 && density <= 1)) {
      throw new IllegalArgumentException(
          "density must be in (0, 1]; to leave a parameter as it is do not list it: density="
              + density);
    }
  }

  /**
   * Those that the optimizer has, as text.
   *
   * @param steps done: the learning rate is that of the next one, or of the latest if the schedule
   *     ends with it; {@code none} if it does not know that either
   */
  public SequencedMap<String, String> text(long steps) {
    SequencedMap<String, String> text = new LinkedHashMap<>();
    OptionalDouble next = rate(steps);
    OptionalDouble rate = next.isEmpty() && steps > 0 ? rate(steps - 1) : next;
    text.put("learningRate", rate.isEmpty() ? "none" : Double.toString(rate.getAsDouble()));
    text.put("weightDecay", Double.toString(weightDecay));
    if (used.contains(Setting.BETAS)) {
      text.put("beta1", Double.toString(beta1));
      text.put("beta2", Double.toString(beta2));
    }
    if (used.contains(Setting.EPSILON)) {
      text.put("epsilon", Double.toString(epsilon));
    }
    if (used.contains(Setting.SPIKE_THRESHOLD)) {
      text.put("spikeThreshold", Double.toString(spikeThreshold));
    }
    if (used.contains(Setting.DENSITY)) {
      text.put("density", Double.toString(density));
    }
    return text;
  }

  /** What the schedule says of a step that need not be; empty if it is none, as behind a table. */
  private OptionalDouble rate(long step) {
    try {
      return OptionalDouble.of(learningRate.at(step));
    } catch (RuntimeException e) {
      return OptionalDouble.empty(); // the step itself throws it, if there ever is one
    }
  }

  /** Whether only some of the weights have moments. */
  public boolean isSparse() {
    return density < 1;
  }

  /** How many of {@code elements} weights, or lines, have moments: floor(d n), but one at least. */
  public long selected(long elements) {
    return Math.min(elements, Math.max(1, (long) Math.floor(density * elements)));
  }
}
