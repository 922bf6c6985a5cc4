package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.decide.Step;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.transform.PieceLoader;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What optimizers have in common that are not the fused update: state for every parameter, and
 * gradients that are read in the caller's memory or, where they are transformed, in a copy of some
 * of them that stays in cache.
 */
public abstract class PlainRule extends UpdateRule {
  public final Setup setup;
  private final @Nullable PieceLoader copies;

  public PlainRule(Setup setup) {
    this.setup = setup;
    boolean transforms = !setup.chain().isEmpty();
    copies =
        transforms ? setup.chain().loader(WorkPlan.UNIT, setup.arena(), setup.threads()) : null;
    for (int i = 0; i < setup.parameters().size(); i++) {
      setup.state().add();
    }
  }

  /** The bytes of working memory that such a rule allocates. */
  public static long copyBytes(boolean transforms, int threads) {
    return transforms ? PieceLoader.bytes(WorkPlan.UNIT, threads) : 0;
  }

  protected final long copyBytes() {
    return copyBytes(copies != null, setup.threads());
  }

  @Override
  protected final SequencedMap<String, Tensor> state(int tensor) {
    return setup.state().of(tensor);
  }

  protected final MemorySegment memory(int tensor, String name) {
    return Objects.requireNonNull(state(tensor).get(name)).memory();
  }

  protected final MemorySegment weights(int tensor) {
    return setup.parameters().get(tensor).weights().memory();
  }

  /**
   * Memory that holds the elements {@code [from, to)} of a gradient, at most {@link WorkPlan#UNIT},
   * after all transforms: element {@code i} is its float {@code i + shift(from)}. Not to be written
   * to.
   */
  protected final MemorySegment gradient(
      Step step, int tensor, long from, long to, UpdateTally tally, int participant) {
    Tensor gradient = Objects.requireNonNull(step.gradients[tensor]);
    return copies == null
        ? gradient.memory()
        : copies.load(gradient, tensor, from, to, setup.chain().size(), tally, participant);
  }

  /** See {@link #gradient}. */
  protected final long shift(long from) {
    return copies == null ? 0 : -from;
  }
}
