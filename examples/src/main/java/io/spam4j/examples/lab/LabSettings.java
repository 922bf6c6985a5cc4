package io.spam4j.examples.lab;

import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.StateFormat;
import io.spam4j.examples.llama.Llama;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What the lab does: a value for each {@link LabOption}. The same settings and data give the same
 * numbers.
 */
public final class LabSettings {
  private final Map<LabOption<?>, Object> values;

  private LabSettings(Map<LabOption<?>, Object> values) {
    this.values = new LinkedHashMap<>(values);
    LabOption.all().forEach(this::check);
    requireState();
  }

  /**
   * The demo: the sources of the running JDK, the {@code tiny} model, 300 steps of 16 sequences of
   * 128 bytes for each optimizer.
   */
  public static LabSettings defaults() {
    return builder().build();
  }

  /** Starts from the standard values. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects values. */
  public static final class Builder {
    private final Map<LabOption<?>, Object> values = new LinkedHashMap<>();

    private Builder() {
      LabOption.all().forEach(option -> values.put(option, option.standard()));
    }

    /** Sets the value of an option. */
    public <T> Builder set(LabOption<T> option, T value) {
      values.put(option, value instanceof List<?> list ? List.copyOf(list) : value);
      return this;
    }

    /**
     * Checks everything but the data.
     *
     * @throws IllegalArgumentException if a value is out of its range, a name is unknown, or an
     *     optimizer cannot keep its moments as {@link LabOption#STATE} says
     */
    public LabSettings build() {
      return new LabSettings(values);
    }
  }

  /** The value of an option. */
  @SuppressWarnings("unchecked") // the builder took it for this option
  <T> T get(LabOption<T> option) {
    return (T) Objects.requireNonNull(values.get(option));
  }

  /** The value of an option as it is written on the command line. */
  <T> String text(LabOption<T> option) {
    return option.text(get(option));
  }

  /** The model of the preset that is set. */
  Llama.Config model() {
    return Llama.Config.preset(get(LabOption.MODEL));
  }

  /** The format of moments that is set. */
  MomentFormat state() {
    return StateFormat.named(get(LabOption.STATE));
  }

  private <T> void check(LabOption<T> option) {
    option.check(get(option));
  }

  /** Float32 is a format of every optimizer; for another one the engine is asked. */
  private void requireState() {
    if (state() == MomentFormat.F32) {
      return;
    }
    Map<String, long[]> shapes = model().shapes();
    Map<String, String> obstacles = new LinkedHashMap<>();
    for (String name : get(LabOption.OPTIMIZERS)) {
      LabOptimizer.of(name)
          .obstacle(state(), shapes, get(LabOption.STEPS))
          .ifPresent(why -> obstacles.put(name, why));
    }
    if (!obstacles.isEmpty()) {
      StringBuilder reasons = new StringBuilder();
      obstacles.forEach((name, why) -> reasons.append("\n  ").append(name + ": " + why));
      throw new IllegalArgumentException(
          "state must be f32 with these optimizers, choose others with --optimizers: state=%s, optimizers=%s%s"
              .formatted(text(LabOption.STATE), String.join(",", obstacles.keySet()), reasons));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LabSettings settings && values.equals(settings.values);
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
