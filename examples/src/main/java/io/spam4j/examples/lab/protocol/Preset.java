package io.spam4j.examples.lab.protocol;

import java.util.List;
import java.util.Map;

/**
 * How much is run.
 *
 * @param name such as {@code quick}
 * @param steps of a run
 * @param settings of all runs, by name, such as a smaller batch
 * @param rates points of the grid of learning rates, each twice the last
 * @param extensions how many more there may be while the best is at an edge
 * @param trials runs that an arm may be tuned with, all stages together
 * @param ratios of the rates of the rest to that of the projections; the first is where tuning
 *     starts
 * @param tunesKnobs whether an arm's own knobs are tuned
 * @param tuningSeeds seeds of tuning, one or two; never those of evaluation
 * @param seeds seeds of evaluation
 */
public record Preset(
    String name,
    int steps,
    Map<String, String> settings,
    int rates,
    int extensions,
    int trials,
    List<String> ratios,
    boolean tunesKnobs,
    List<Long> tuningSeeds,
    List<Long> seeds) {
  /** Takes copies, and checks that seeds of tuning and of evaluation differ. */
  public Preset {
    settings = Map.copyOf(settings);
    ratios = List.copyOf(ratios);
    tuningSeeds = List.copyOf(tuningSeeds);
    seeds = List.copyOf(seeds);
    if (tuningSeeds.isEmpty() || tuningSeeds.size() > 2) {
      throw new IllegalArgumentException(
          "preset must have one tuning seed or two: preset=%s, seeds=%s"
              .formatted(name, tuningSeeds));
    }
    if (seeds.stream().anyMatch(tuningSeeds::contains)) {
      throw new IllegalArgumentException(
          "seeds must not be tuning seeds: preset=%s, seeds=%s, tuning=%s"
              .formatted(name, seeds, tuningSeeds));
    }
    if (rates < 1 || trials < rates || ratios.isEmpty() || steps < 2) {
      throw new IllegalArgumentException(
          "preset must have steps, rates, ratios, and trials for all rates: preset=%s, steps=%d,"
                  .formatted(name, steps)
              + " rates=%d, ratios=%s, trials=%d".formatted(rates, ratios, trials));
    }
  }

  /** This preset as far as an experiment goes with it. */
  Preset limitedTo(Effort effort) {
    return new Preset(
        name,
        steps,
        settings,
        Math.min(rates, effort.rates()),
        Math.min(extensions, effort.extensions()),
        Math.max(Math.min(trials, effort.trials()), Math.min(rates, effort.rates())),
        effort.ratios().isEmpty() ? ratios : effort.ratios(),
        tunesKnobs && effort.tunesKnobs(),
        tuningSeeds,
        seeds.subList(0, Math.min(seeds.size(), effort.seeds())));
  }
}
