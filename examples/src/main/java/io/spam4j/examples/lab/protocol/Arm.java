package io.spam4j.examples.lab.protocol;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One way to train, with what may be tuned of it.
 *
 * @param name such as {@code spam}
 * @param rate its usual learning rate, which the grid of rates lies around
 * @param settings what is fixed, by name; a value {@code T/20} is a twentieth of the steps
 * @param knobs what is tuned, by name: values to try, of which the first is the usual one
 */
public record Arm(
    String name, double rate, Map<String, String> settings, Map<String, List<String>> knobs) {
  /** Takes copies and checks that there is a rate, and a value for each knob. */
  public Arm {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    knobs = Collections.unmodifiableMap(new LinkedHashMap<>(knobs));
    if (!(rate > 0) || !Double.isFinite(rate)) {
      throw new IllegalArgumentException(
          "rate must be positive and finite: arm=%s, rate=%s".formatted(name, rate));
    }
    for (var knob : knobs.entrySet()) {
      if (knob.getValue().isEmpty()) {
        throw new IllegalArgumentException(
            "knob must have a value or more: arm=%s, knob=%s".formatted(name, knob.getKey()));
      }
    }
  }

  /** This arm with other settings fixed, none of which is tuned any more. */
  Arm with(Map<String, String> others) {
    Map<String, String> all = new LinkedHashMap<>(settings);
    all.putAll(others);
    Map<String, List<String>> left = new LinkedHashMap<>(knobs);
    left.keySet().removeAll(others.keySet());
    return new Arm(name, rate, all, left);
  }
}
