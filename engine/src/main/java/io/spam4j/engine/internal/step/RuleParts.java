package io.spam4j.engine.internal.step;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.memory.CountedArenas;
import io.spam4j.engine.internal.memory.CountedArenas.Use;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.transform.TransformChain;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Supplier;

/**
 * What an {@link UpdateRule} is built from.
 *
 * @param chain the transforms that gradients go through first
 * @param counts what its threads count
 * @param layout of the state
 * @param memory where its memory outside the heap comes from
 * @param threads how many threads a step may run on
 */
public record RuleParts(
    List<Parameter> parameters,
    List<Hyperparameters> hyperparameters,
    NonFinitePolicy nonFinite,
    TransformChain chain,
    SharedTallies counts,
    StateStore.Layout layout,
    CountedArenas memory,
    int threads) {
  /** For working memory that stays as long as the optimizer. */
  public Arena arena() {
    return memory.lasting(Use.SCRATCH);
  }

  /** For working memory that comes and goes; closed by who asks for it. */
  public Supplier<Arena> arenas() {
    return memory.arenas(Use.SCRATCH);
  }

  /** The number of elements of each parameter. */
  public long[] elements() {
    return parameters.stream().mapToLong(p -> p.weights().elements()).toArray();
  }

  public boolean keepsNonFinite() {
    return nonFinite != NonFinitePolicy.PROPAGATE;
  }
}
