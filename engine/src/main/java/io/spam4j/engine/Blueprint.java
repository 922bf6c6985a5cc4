package io.spam4j.engine;

import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What a builder makes of its settings: what an optimizer is, apart from the parameters.
 *
 * @param name of the algorithm
 * @param settings what holds for all parameters, as text
 * @param layout of the state
 * @param ownLinks transforms that belong to the algorithm, behind those of the user
 * @param rule what decides and applies
 * @param scratch the working memory of the rule
 * @param seed of random selections
 */
record Blueprint(
    String name,
    SequencedMap<String, String> settings,
    StateStore.Layout layout,
    List<LinkFactory> ownLinks,
    RuleFactory rule,
    Scratch scratch,
    long seed) {
  /** A blueprint without transforms of its own and without random selections. */
  static Blueprint of(
      String name,
      SequencedMap<String, String> settings,
      StateStore.Layout layout,
      RuleFactory rule,
      Scratch scratch) {
    return new Blueprint(name, settings, layout, List.of(), rule, scratch, 0);
  }

  /** The product of the extents. */
  static long elements(long[] shape) {
    long elements = 1;
    for (long extent : shape) {
      elements = Math.multiplyExact(elements, extent);
    }
    return elements;
  }

  /** Makes a transform for a list of parameters. */
  @FunctionalInterface
  interface LinkFactory {
    TransformLink of(List<Parameter> parameters, boolean keepsNonFinite, int threads);
  }

  /** Makes the rule, and the state that it needs. */
  @FunctionalInterface
  interface RuleFactory {
    UpdateRule of(Setup setup);
  }

  /** Tells the bytes of working memory. */
  @FunctionalInterface
  interface Scratch {
    /** Before it is allocated. */
    long bytes(Outline outline);
  }

  /**
   * What working memory depends on.
   *
   * @param shapes of the weights, by the names of the parameters
   * @param transforms whether gradients are transformed at all
   * @param fused whether the fused update can do all transforms
   * @param anySparse whether some parameter has a density below 1
   */
  record Outline(
      Map<String, long[]> shapes,
      boolean transforms,
      boolean fused,
      boolean anySparse,
      int threads) {}
}
