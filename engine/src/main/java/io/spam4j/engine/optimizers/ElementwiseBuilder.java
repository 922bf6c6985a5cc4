package io.spam4j.engine.optimizers;

import io.spam4j.engine.internal.baseline.LionRule;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.step.Baseline;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.step.UpdateRule;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * What the builders of {@link Lion} and {@link Sgd} have in common: weights and gradients may be
 * BF16, each on its own, while state stays float32.
 *
 * @param <B> the builder itself
 */
public abstract class ElementwiseBuilder<B extends ElementwiseBuilder<B>>
    extends OptimizerBuilder<B> {
  private WeightRounding weightRounding = WeightRounding.STOCHASTIC;
  private long seed;

  ElementwiseBuilder(Group defaults) {
    super(defaults);
  }

  /**
   * How weights that are bfloat16 are stored after a step; default {@link
   * WeightRounding#STOCHASTIC}. Without meaning for float32 weights. The transform AGC wants
   * float32 weights.
   */
  public B weightRounding(WeightRounding weightRounding) {
    this.weightRounding = Objects.requireNonNull(weightRounding, "weightRounding must not be null");
    return self();
  }

  /** The seed of rounding at random; default 0. */
  public B seed(long seed) {
    this.seed = seed;
    return self();
  }

  /** Makes the rule of an algorithm. */
  @FunctionalInterface
  interface Maker {
    UpdateRule of(RuleParts parts, WeightRounding rounding, long seed);
  }

  /**
   * An algorithm with what is set here.
   *
   * @param state its float32 state
   */
  final Algorithm algorithm(
      String name,
      SequencedMap<String, String> settings,
      StateStore.FloatLayout state,
      Maker rule) {
    WeightRounding rounding = weightRounding;
    long ofRounding = seed;
    SequencedMap<String, String> all = new LinkedHashMap<>(settings);
    // What is younger than version 1 of the format is told where it is not the default.
    if (rounding != WeightRounding.STOCHASTIC) {
      all.put("weightRounding", rounding.name());
    }
    if (ofRounding != 0) {
      all.put("seed", Long.toString(ofRounding));
    }
    return new Baseline(
        name,
        all,
        state.layout(rounding),
        List.of(DType.F32, DType.BF16),
        ofRounding,
        parts -> rule.of(parts, rounding, ofRounding),
        LionRule::scratchBytes);
  }
}
