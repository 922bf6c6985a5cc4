package io.spam4j.engine.analysis;

import it.unimi.dsi.fastutil.longs.Long2LongRBTreeMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * How many spikes a run had, where and when: Tables 4 and 5 of the SPAM paper (arXiv 2501.06842).
 * All counts are exact.
 *
 * @param threshold a score above this is a spike
 * @param steps the steps that were scored
 * @param tensors a row a tensor, in the order they were given, those without spikes too
 */
public record SpikeCensus(double threshold, long steps, List<TensorSpikes> tensors) {
  /** Scores above this are spikes in the paper. */
  public static final double DEFAULT_THRESHOLD = 50;

  /** Copies the list. */
  public SpikeCensus {
    tensors = List.copyOf(Objects.requireNonNull(tensors, "tensors must not be null"));
  }

  /**
   * How many spikes a step had.
   *
   * @param step counted from 1
   * @param spikes at least 1
   */
  public record StepSpikes(long step, long spikes) {}

  /**
   * The spikes of a tensor.
   *
   * @param name the parameter
   * @param elements its weights
   * @param spikes coordinates above the threshold, summed over steps
   * @param locations the steps that had spikes, in order
   * @param largestScore the largest score, spike or not; 0 if nothing was scored
   * @param largestStep the first step that had it, counted from 1; 0 if nothing was scored
   * @param nonFinite coordinates that were NaN or Inf, summed over steps; left out of all else
   */
  public record TensorSpikes(
      String name,
      long elements,
      long spikes,
      List<StepSpikes> locations,
      double largestScore,
      long largestStep,
      long nonFinite) {
    /** Copies the list. */
    public TensorSpikes {
      locations = List.copyOf(locations);
    }
  }

  /**
   * The spikes of all tensors of a kind.
   *
   * @param kind its name
   * @param tensors how many tensors
   * @param elements their weights
   * @param spikes coordinates above the threshold, summed over steps
   * @param locations the steps that had spikes, in order
   * @param nonFinite coordinates that were NaN or Inf, summed over steps; left out of all else
   */
  public record KindSpikes(
      String kind,
      int tensors,
      long elements,
      long spikes,
      List<StepSpikes> locations,
      long nonFinite) {
    /** Copies the list. */
    public KindSpikes {
      locations = List.copyOf(locations);
    }

    /** Spikes for each weight, over the whole run: the last column of Table 4. */
    public double spikesPerParameter() {
      return (double) spikes / elements;
    }
  }

  /** The spikes of all tensors. */
  public long spikes() {
    return tensors.stream().mapToLong(TensorSpikes::spikes).sum();
  }

  /** The coordinates of all tensors that were NaN or Inf. */
  public long nonFinite() {
    return tensors.stream().mapToLong(TensorSpikes::nonFinite).sum();
  }

  /** The steps that had spikes in any tensor, in order. */
  public List<StepSpikes> locations() {
    return merged(tensors);
  }

  /** A row a kind of layer, by {@link LayerKind}, in the order of their first tensors. */
  public List<KindSpikes> byKind() {
    return byKind(parameter -> LayerKind.of(parameter).label());
  }

  /**
   * A row a kind of layer, in the order of their first tensors.
   *
   * @param kindOf the kind of a parameter, from its name
   */
  public List<KindSpikes> byKind(Function<String, String> kindOf) {
    Objects.requireNonNull(kindOf, "kindOf must not be null");
    Map<String, List<TensorSpikes>> groups = new LinkedHashMap<>();
    for (TensorSpikes tensor : tensors) {
      groups.computeIfAbsent(kindOf.apply(tensor.name()), _ -> new ArrayList<>()).add(tensor);
    }
    List<KindSpikes> kinds = new ArrayList<>();
    groups.forEach(
        (kind, group) ->
            kinds.add(
                new KindSpikes(
                    kind,
                    group.size(),
                    group.stream().mapToLong(TensorSpikes::elements).sum(),
                    group.stream().mapToLong(TensorSpikes::spikes).sum(),
                    merged(group),
                    group.stream().mapToLong(TensorSpikes::nonFinite).sum())));
    return kinds;
  }

  private static List<StepSpikes> merged(Collection<TensorSpikes> group) {
    var byStep = new Long2LongRBTreeMap();
    for (TensorSpikes tensor : group) {
      tensor.locations().forEach(at -> byStep.addTo(at.step(), at.spikes()));
    }
    return byStep.long2LongEntrySet().stream()
        .map(entry -> new StepSpikes(entry.getLongKey(), entry.getLongValue()))
        .toList();
  }
}
