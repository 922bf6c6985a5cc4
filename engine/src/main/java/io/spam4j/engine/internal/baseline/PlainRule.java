package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.step.UpdateRule;
import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What optimizers have in common that are not the fused update: state for every parameter, and
 * gradients that are read in the caller's memory or, where they are transformed, in a copy of some
 * of them that stays in cache.
 */
public abstract class PlainRule extends UpdateRule {
  public final RuleParts parts;
  private final @Nullable GradientCopies copies;
  private final StateStore store; // all of it in the optimizer's arena, so nobody closes it early

  public PlainRule(RuleParts parts) {
    this.parts = parts;
    boolean transforms = !parts.chain().isEmpty();
    copies =
        transforms ? parts.chain().loader(WorkPlan.UNIT, parts.arena(), parts.threads()) : null;
    store =
        new StateStore(
            parts.layout(), parts.parameters(), StateStore.all(parts.parameters()), parts.memory());
  }

  /** The bytes of working memory that such a rule allocates. */
  public static long copyBytes(boolean transforms, int threads) {
    return transforms ? GradientCopies.bytes(WorkPlan.UNIT, threads) : 0;
  }

  @Override
  protected final StateStore store() {
    return store;
  }

  final MemorySegment memory(int tensor, String name) {
    return Objects.requireNonNull(state(tensor).get(name)).memory();
  }

  protected final MemorySegment weights(int tensor) {
    return parts.parameters().get(tensor).weights().memory();
  }

  /**
   * Memory that holds the elements {@code [from, to)} of a gradient, at most {@link WorkPlan#UNIT},
   * after all transforms: element {@code i} is its float {@code i + shift(from)}. Not to be written
   * to.
   */
  protected final MemorySegment gradient(
      StepState step, int tensor, long from, long to, UpdateTally tally, int participant) {
    Tensor gradient = Objects.requireNonNull(step.gradients[tensor]);
    return copies == null
        ? gradient.memory()
        : copies.load(gradient, tensor, from, to, parts.chain().size(), tally, participant);
  }

  /** Whether gradients are transformed, in float32 copies. */
  final boolean copiesGradients() {
    return copies != null;
  }

  /** Nothing, unless a rule says otherwise. */
  @Override
  protected void prepare(StepState step) {}

  /** See {@link #gradient}. */
  protected final long shift(long from) {
    return copies == null ? 0 : -from;
  }
}
