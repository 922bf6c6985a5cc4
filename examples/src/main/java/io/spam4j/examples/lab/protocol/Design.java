package io.spam4j.examples.lab.protocol;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An experiment at a preset on a task: which runs are needed next, and what they say. Stage C is
 * here: each arm as it was tuned, on seeds that tuning has not seen, in pairs.
 */
public final class Design {
  private final Experiment experiment;
  private final Preset preset;
  private final RunSettings base;

  /**
   * A design.
   *
   * @param preset as it was declared; the experiment may go less far
   * @param task settings of the model and its data
   */
  public Design(Experiment experiment, Preset preset, RunSettings task) {
    this.experiment = experiment;
    this.preset = preset.limitedTo(experiment.effort());
    base =
        task.with(preset.settings())
            .with(Values.resolved(experiment.settings(), preset.steps()))
            .with(RunSettings.STEPS, Integer.toString(preset.steps()));
  }

  /** The experiment. */
  public Experiment experiment() {
    return experiment;
  }

  /** As far as the experiment goes with it. */
  public Preset preset() {
    return preset;
  }

  /** How an arm is tuned, as far as results go. */
  public Tuning tuning(Arm arm, Outcomes outcomes) {
    return Tuning.of(arm, preset, base, outcomes);
  }

  /** The runs of an arm that verdicts are made from, by seed, once it is tuned. */
  public Map<Long, RunSettings> evaluation(Tuning tuned) {
    Map<Long, RunSettings> runs = new LinkedHashMap<>();
    if (tuned.isFinished()) {
      for (long seed : preset.seeds()) {
        runs.put(seed, tuned.best().with(RunSettings.SEED, Long.toString(seed)));
      }
    }
    return runs;
  }

  /** The runs that are needed next, none of which depends on another; empty when all are there. */
  public List<RunSettings> missing(Outcomes outcomes) {
    Set<RunSettings> missing = new LinkedHashSet<>();
    List<RunSettings> evaluations = new ArrayList<>();
    for (Arm arm : experiment.arms()) {
      Tuning tuning = tuning(arm, outcomes);
      missing.addAll(tuning.missing());
      evaluation(tuning).values().stream()
          .filter(run -> outcomes.of(run).isEmpty())
          .forEach(evaluations::add);
    }
    missing.addAll(evaluations);
    return List.copyOf(missing);
  }

  /** How many runs there will be at most. */
  public int runs() {
    return experiment.arms().size() * (preset.trials() + preset.seeds().size());
  }

  /** How many more there will be at most: what is tuned with fewer trials is not counted on. */
  public int runsLeft(Outcomes outcomes) {
    int left = 0;
    for (Arm arm : experiment.arms()) {
      Tuning tuning = tuning(arm, outcomes);
      long there = tuning.trials().values().stream().filter(Optional::isPresent).count();
      left += tuning.isFinished() ? 0 : preset.trials() - (int) there;
      Map<Long, RunSettings> evaluation = evaluation(tuning);
      left +=
          tuning.isFinished()
              ? (int) evaluation.values().stream().filter(r -> outcomes.of(r).isEmpty()).count()
              : preset.seeds().size();
    }
    return left;
  }

  /** The verdicts on all claims, in their order. */
  public List<Verdict> verdicts(Outcomes outcomes) {
    Map<String, Tuning> tunings = new LinkedHashMap<>();
    experiment.arms().forEach(arm -> tunings.put(arm.name(), tuning(arm, outcomes)));
    List<Verdict.Pairs> pairs = new ArrayList<>();
    for (Claim claim : experiment.claims()) {
      pairs.add(pairs(claim, tunings, outcomes));
    }
    return Verdict.of(pairs);
  }

  private Verdict.Pairs pairs(Claim claim, Map<String, Tuning> tunings, Outcomes outcomes) {
    String rival =
        claim.than().stream()
            .min(Comparator.comparingDouble(arm -> score(tunings.get(arm))))
            .orElseThrow();
    List<Optional<Outcome>> ours = outcomes(tunings.get(claim.better()), outcomes);
    List<Optional<Outcome>> theirs = outcomes(tunings.get(rival), outcomes);
    boolean tuned =
        claim.than().stream().map(tunings::get).allMatch(t -> t != null && t.isFinished());
    List<Double> differences = new ArrayList<>();
    for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
      if (ours.get(i).isPresent() && theirs.get(i).isPresent()) {
        differences.add(theirs.get(i).get().testScore() - ours.get(i).get().testScore());
      }
    }
    boolean complete = tuned && differences.size() == preset.seeds().size();
    double[] all = differences.stream().mapToDouble(Double::doubleValue).toArray();
    return new Verdict.Pairs(
        claim,
        rival,
        complete && all.length >= 2 ? Optional.of(PairedTest.of(all)) : Optional.empty(),
        diverged(ours),
        diverged(theirs));
  }

  private static double score(@Nullable Tuning tuning) {
    return tuning == null || Double.isNaN(tuning.score())
        ? Double.POSITIVE_INFINITY
        : tuning.score();
  }

  private List<Optional<Outcome>> outcomes(@Nullable Tuning tuning, Outcomes outcomes) {
    return tuning == null
        ? List.of()
        : evaluation(tuning).values().stream().map(outcomes::of).toList();
  }

  private static int diverged(List<Optional<Outcome>> outcomes) {
    return (int) outcomes.stream().flatMap(Optional::stream).filter(Outcome::diverged).count();
  }
}
