package io.spam4j.examples.lab.protocol;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A question, the arms that meet in it and the claims that are decided.
 *
 * @param name such as {@code pretrain}
 * @param title a few words
 * @param question what it is about, in a sentence or two
 * @param settings of all its runs, by name
 * @param effort how far it goes with a preset
 * @param arms in the order they are shown
 * @param claims in the order they are shown
 */
public record Experiment(
    String name,
    String title,
    String question,
    Map<String, String> settings,
    Effort effort,
    List<Arm> arms,
    List<Claim> claims) {
  /** Takes copies, and checks that claims are on its arms. */
  public Experiment {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    arms = List.copyOf(arms);
    claims = List.copyOf(claims);
    List<String> names = arms.stream().map(Arm::name).toList();
    if (names.stream().distinct().count() < names.size()) {
      throw new IllegalArgumentException(
          "arms must differ in their names: experiment=%s, arms=%s".formatted(name, names));
    }
    for (Claim claim : claims) {
      if (!names.contains(claim.better()) || !names.containsAll(claim.than())) {
        throw new IllegalArgumentException(
            "claim must be on arms of its experiment: experiment=%s, claim=%s, arms=%s"
                .formatted(name, claim, names));
      }
    }
  }

  /**
   * One of its arms.
   *
   * @throws IllegalArgumentException if it has none of the name
   */
  public Arm arm(String arm) {
    return arms.stream()
        .filter(a -> a.name().equals(arm))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "experiment must have the arm: experiment=%s, arm=%s".formatted(name, arm)));
  }
}
