package io.spam4j.engine;

import java.util.List;

/**
 * What a builder makes of its settings: what an optimizer is, apart from the parameters.
 *
 * @param name of the algorithm
 * @param layout of the state
 * @param ownLinks transforms that belong to the algorithm, behind those of the user
 * @param rule what decides and applies
 * @param scratch the working memory of the rule
 * @param seed of random selections
 */
record Blueprint(
    String name,
    StateStore.Layout layout,
    List<LinkFactory> ownLinks,
    RuleFactory rule,
    Scratch scratch,
    long seed) {
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
    /**
     * Before it is allocated.
     *
     * @param fused whether the fused update can do all transforms
     * @param anySparse whether some parameter has a density below 1
     */
    long bytes(boolean fused, boolean anySparse, int threads);
  }
}
