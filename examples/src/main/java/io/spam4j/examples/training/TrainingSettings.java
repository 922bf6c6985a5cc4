package io.spam4j.examples.training;

import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.StateFormat;
import io.spam4j.examples.llama.Llama;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What the training does: a value for each {@link TrainingOption}. The same settings and data give
 * the same numbers.
 */
public final class TrainingSettings {
  private final Map<TrainingOption<?>, Object> values;

  private TrainingSettings(Map<TrainingOption<?>, Object> values) {
    this.values = new LinkedHashMap<>(values);
    TrainingOption.all().forEach(this::check);
    requireState();
  }

  /**
   * The demo: the sources of the running JDK, the {@code tiny} model, 300 steps of 16 sequences of
   * 128 bytes for each optimizer.
   */
  public static TrainingSettings defaults() {
    return builder().build();
  }

  /** Starts from the standard values. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects values. */
  public static final class Builder {
    private final Map<TrainingOption<?>, Object> values = new LinkedHashMap<>();

    private Builder() {
      TrainingOption.all().forEach(option -> values.put(option, option.standard()));
    }

    /** Sets the value of an option. */
    public <T> Builder set(TrainingOption<T> option, T value) {
      values.put(option, value instanceof List<?> list ? List.copyOf(list) : value);
      return this;
    }

    /**
     * Checks everything but the data.
     *
     * @throws IllegalArgumentException if a value is out of its range, a name is unknown, or an
     *     optimizer cannot keep its moments as {@link TrainingOption#STATE} says
     */
    public TrainingSettings build() {
      return new TrainingSettings(values);
    }
  }

  /** The value of an option. */
  @SuppressWarnings("unchecked") // the builder took it for this option
  <T> T get(TrainingOption<T> option) {
    return (T) Objects.requireNonNull(values.get(option));
  }

  /** The value of an option as it is written on the command line. */
  <T> String text(TrainingOption<T> option) {
    return option.text(get(option));
  }

  /** The model of the preset that is set. */
  Llama.Config model() {
    return Llama.Config.preset(get(TrainingOption.MODEL));
  }

  /** The format of moments that is set. */
  MomentFormat state() {
    return StateFormat.named(get(TrainingOption.STATE));
  }

  private <T> void check(TrainingOption<T> option) {
    option.check(get(option));
  }

  /** Float32 is a format of every optimizer; for another one the engine is asked. */
  private void requireState() {
    if (state() == MomentFormat.F32) {
      return;
    }
    Map<String, long[]> shapes = model().shapes();
    Map<String, String> obstacles = new LinkedHashMap<>();
    for (String name : get(TrainingOption.OPTIMIZERS)) {
      TrainingOptimizer.of(name)
          .obstacle(state(), shapes, get(TrainingOption.STEPS))
          .ifPresent(why -> obstacles.put(name, why));
    }
    if (!obstacles.isEmpty()) {
      StringBuilder reasons = new StringBuilder();
      obstacles.forEach((name, why) -> reasons.append("\n  ").append(name + ": " + why));
      throw new IllegalArgumentException(
          "state must be f32 with these optimizers, choose others with --optimizers: state=%s, optimizers=%s%s"
              .formatted(
                  text(TrainingOption.STATE), String.join(",", obstacles.keySet()), reasons));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TrainingSettings settings && values.equals(settings.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
