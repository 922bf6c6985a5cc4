package io.spam4j.engine.internal.step;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.decide.Hyperparameters;
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
 * @param arena for memory that stays, closed with the optimizer
 * @param arenas makes arenas for what comes and goes; closed by who asks for them
 * @param threads how many threads a step may run on
 */
public record RuleParts(
    List<Parameter> parameters,
    List<Hyperparameters> hyperparameters,
    NonFinitePolicy nonFinite,
    TransformChain chain,
    SharedTallies counts,
    StateStore.Layout layout,
    Arena arena,
    Supplier<Arena> arenas,
    int threads) {
  /** The number of elements of each parameter. */
  public long[] elements() {
    return parameters.stream().mapToLong(p -> p.weights().elements()).toArray();
  }

  public boolean keepsNonFinite() {
    return nonFinite != NonFinitePolicy.PROPAGATE;
  }
}
