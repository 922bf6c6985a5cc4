package io.spam4j.testing;

import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.DType;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.LongFunction;

/**
 * An optimizer and its settings, a line of {@link OptimizerCases}.
 *
 * @param name of a file where there is one, such as {@code spam-reference}
 * @param dtype of weights and gradients, F32 or BF16
 * @param make a new builder, whose moments are reset after so many steps; 0 for never. Whatever
 *     else takes its time, warm-ups, schedules, grace, takes a share of that.
 */
public record OptimizerCase(
    String name, DType dtype, Set<Trait> traits, LongFunction<OptimizerBuilder<?>> make) {

  /** What tells optimizers apart, for tests that are not for all of them. */
  public enum Trait {
    /** The update is the fused one; else {@link #BASELINE}. Nobody has to say so. */
    FAMILY,
    /** The update is its own. */
    BASELINE,
    /** Weights and gradients are bfloat16. Nobody has to say so. */
    BFLOAT16,
    /** Some weights have no moments. */
    SPARSE,
    /** The caller says which weights have moments, and those are few. */
    GIVEN,
    /** How many bytes moments take is seen only when the weights with moments are selected. */
    UNPLANNED,
    /** Gradients go through transforms first. */
    TRANSFORMS,
    /** What happens to a tensor depends on the gradients of the others. */
    COUPLED,
    /** State is rounded at random, otherwise at each step. Nobody has to say so of bfloat16. */
    ROUNDS,
    /** A gradient that is not finite is an exception. */
    THROWS,
    /** No device can do it. Nobody has to say so of baselines and of bfloat16. */
    CPU_ONLY
  }

  /** Adds the traits that are seen. */
  public OptimizerCase {
    Set<Trait> all = EnumSet.noneOf(Trait.class);
    all.addAll(traits);
    all.add(make.apply(1) instanceof MomentBuilder ? Trait.FAMILY : Trait.BASELINE);
    if (dtype == DType.BF16) {
      all.add(Trait.BFLOAT16);
      all.add(Trait.ROUNDS);
    }
    if (all.contains(Trait.BASELINE) || all.contains(Trait.BFLOAT16)) {
      all.add(Trait.CPU_ONLY);
    }
    traits = Collections.unmodifiableSet(all);
  }

  public boolean has(Trait trait) {
    return traits.contains(trait);
  }

  /** A new builder. */
  public OptimizerBuilder<?> builder(long resetInterval) {
    return make.apply(resetInterval);
  }

  @Override
  public String toString() {
    return name;
  }
}
