package io.spam4j.examples.lab.protocol;

import java.util.List;

/**
 * How far an experiment goes with a preset, at most.
 *
 * @param rates points of the grid of rates
 * @param extensions more of them while the best is at an edge
 * @param trials runs to tune an arm
 * @param ratios of the rates; empty for those of the preset
 * @param tunesKnobs whether an arm's own knobs are tuned
 * @param seeds of evaluation
 */
public record Effort(
    int rates, int extensions, int trials, List<String> ratios, boolean tunesKnobs, int seeds) {
  /** As far as the preset does. */
  public static final Effort WHOLE =
      new Effort(
          Integer.MAX_VALUE,
          Integer.MAX_VALUE,
          Integer.MAX_VALUE,
          List.of(),
          true,
          Integer.MAX_VALUE);

  /** Takes a copy. */
  public Effort {
    ratios = List.copyOf(ratios);
  }
}
