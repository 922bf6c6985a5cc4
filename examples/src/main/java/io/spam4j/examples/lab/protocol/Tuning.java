package io.spam4j.examples.lab.protocol;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How an arm is tuned: stage A finds the learning rate on one seed, on a grid that grows while the
 * best lies at its edge; stage B goes from there through the ratio of rates, the arm's own knobs
 * and finer steps of the rate, on all tuning seeds, and moves only where more is gained than the
 * noise. Every arm has equally many trials. A function of the results that are there: the same
 * results give the same tuning, in whatever order they came.
 */
public final class Tuning {
  /** A move must gain more than this share of the deviation between tuning seeds. */
  private static final double NOISE_SHARE = 0.5;

  private static final List<Double> FINER = List.of(Math.sqrt(2), Math.sqrt(0.5));
  private static final List<Double> WIDER = List.of(2.0, 0.5);

  private final Arm arm;
  private final Preset preset;
  private final RunSettings base;
  private final Outcomes outcomes;

  private final Map<RunSettings, Optional<Outcome>> trials = new LinkedHashMap<>();
  private RunSettings best;
  private boolean finished;

  private Tuning(Arm arm, Preset preset, RunSettings base, Outcomes outcomes) {
    this.arm = arm;
    this.preset = preset;
    this.base = base.with(Values.resolved(arm.settings(), preset.steps()));
    this.outcomes = outcomes;
    best = start();
    finished = searchRates() && searchKnobs();
  }

  /**
   * Tunes as far as results go.
   *
   * @param base settings of all runs of the experiment
   */
  static Tuning of(Arm arm, Preset preset, RunSettings base, Outcomes outcomes) {
    return new Tuning(arm, preset, base, outcomes);
  }

  private RunSettings start() {
    Map<String, String> first = new TreeMap<>();
    arm.knobs().forEach((name, values) -> first.put(name, values.getFirst()));
    RunSettings usual = base.with(Values.resolved(first, preset.steps()));
    return usual
        .with(RunSettings.RATE, Double.toString(arm.rate()))
        .with(RunSettings.RATIO, preset.ratios().getFirst());
  }

  /** The runs that are needed before it can go on; none of them depends on another. */
  public List<RunSettings> missing() {
    return trials.entrySet().stream()
        .filter(trial -> trial.getValue().isEmpty())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** The runs that were asked for so far, with what they came to. */
  public Map<RunSettings, Optional<Outcome>> trials() {
    return trials;
  }

  /** Whether all runs are there. */
  public boolean isFinished() {
    return finished;
  }

  /** The best settings so far, without a seed: those of evaluation once it is finished. */
  public RunSettings best() {
    return best;
  }

  /** The mean loss of the best settings on the tuning text over the tuning seeds they were run. */
  public double score() {
    List<Double> scores =
        preset.tuningSeeds().stream()
            .map(seed -> trials.getOrDefault(best.with(seeded(seed)), Optional.empty()))
            .flatMap(Optional::stream)
            .map(Outcome::tuningScore)
            .toList();
    return scores.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }

  private static Map<String, String> seeded(long seed) {
    return Map.of(RunSettings.SEED, Long.toString(seed));
  }

  /** Stage A. */
  private boolean searchRates() {
    long seed = preset.tuningSeeds().getFirst();
    SortedMap<Double, RunSettings> grid = new TreeMap<>();
    int below = (preset.rates() - 1) / 2;
    for (int i = 0; i < preset.rates(); i++) {
      addRate(grid, arm.rate() * Math.scalb(1.0, i - below));
    }
    for (int more = 0; ; more++) {
      if (!allThere(grid.values(), List.of(seed))) {
        return false;
      }
      double rate = bestRate(grid, seed);
      best = grid.getOrDefault(rate, best);
      boolean lowest = rate == grid.firstKey();
      boolean atEdge = lowest || rate == grid.lastKey();
      if (!atEdge || more == preset.extensions() || trials.size() >= preset.trials()) {
        return true;
      }
      addRate(grid, lowest ? rate / 2 : rate * 2);
    }
  }

  private void addRate(Map<Double, RunSettings> grid, double rate) {
    grid.put(rate, start().with(RunSettings.RATE, Double.toString(rate)));
  }

  private double bestRate(SortedMap<Double, RunSettings> grid, long seed) {
    double rate = grid.firstKey();
    double least = Double.POSITIVE_INFINITY;
    for (var point : grid.entrySet()) {
      double score = score(point.getValue(), List.of(seed));
      if (score < least) {
        least = score;
        rate = point.getKey();
      }
    }
    return rate;
  }

  /** Stage B. */
  private boolean searchKnobs() {
    Map<String, List<String>> knobs = new LinkedHashMap<>();
    knobs.put(RunSettings.RATIO, preset.ratios());
    if (preset.tunesKnobs()) {
      knobs.putAll(arm.knobs());
    }
    for (var knob : knobs.entrySet()) {
      List<RunSettings> candidates =
          knob.getValue().stream()
              .map(value -> Values.resolved(value, preset.steps()))
              .map(value -> best.with(knob.getKey(), value))
              .toList();
      if (!moveTo(candidates)) {
        return false;
      }
    }
    return !preset.tunesKnobs() || (moveTo(rates(FINER)) && moveTo(rates(WIDER)));
  }

  private List<RunSettings> rates(List<Double> factors) {
    double rate = best.number(RunSettings.RATE);
    return factors.stream()
        .map(factor -> best.with(RunSettings.RATE, Double.toString(rate * factor)))
        .toList();
  }

  /** Goes to the best of those that there are trials for; false if runs are missing. */
  private boolean moveTo(List<RunSettings> candidates) {
    List<RunSettings> affordable = new ArrayList<>();
    long left = preset.trials() - trials.size() - newRuns(best);
    for (RunSettings candidate : candidates) {
      long runs = newRuns(candidate);
      if (!candidate.equals(best) && left >= runs) {
        affordable.add(candidate);
        left -= runs;
      }
    }
    if (affordable.isEmpty()) {
      return true;
    }
    affordable.addFirst(best);
    if (!allThere(affordable, preset.tuningSeeds())) {
      return false;
    }
    double least = score(best, preset.tuningSeeds()) - noise();
    for (RunSettings candidate : affordable) {
      double score = score(candidate, preset.tuningSeeds());
      if (score < least) {
        least = score;
        best = candidate;
      }
    }
    return true;
  }

  private long newRuns(RunSettings settings) {
    return preset.tuningSeeds().stream()
        .filter(seed -> !trials.containsKey(settings.with(seeded(seed))))
        .count();
  }

  /** Half of the deviation between tuning seeds at the best settings; 0 where it is not known. */
  private double noise() {
    double[] scores =
        preset.tuningSeeds().stream().mapToDouble(seed -> score(best, List.of(seed))).toArray();
    if (scores.length < 2) {
      return 0;
    }
    double deviation = Math.abs(scores[0] - scores[1]) / Math.sqrt(2);
    return Double.isFinite(deviation) ? NOISE_SHARE * deviation : 0;
  }

  private boolean allThere(Iterable<RunSettings> settings, List<Long> seeds) {
    boolean all = true;
    for (RunSettings each : settings) {
      for (long seed : seeds) {
        RunSettings run = each.with(seeded(seed));
        all &= trials.computeIfAbsent(run, outcomes::of).isPresent();
      }
    }
    return all;
  }

  private double score(RunSettings settings, List<Long> seeds) {
    return seeds.stream()
        .map(seed -> trials.get(settings.with(seeded(seed))))
        .mapToDouble(there -> there.map(Outcome::tuningScore).orElse(Double.NaN))
        .average()
        .orElse(Double.NaN);
  }
}
