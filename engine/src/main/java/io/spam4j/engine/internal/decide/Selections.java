package io.spam4j.engine.internal.decide;

import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.internal.work.ParallelTasks;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which weights have moments, of all parameters; of a dense one all have. What a step or a
 * checkpoint changes is prepared first, which may fail, and then committed.
 */
public final class Selections implements AutoCloseable {
  private final AdamSettings adam;
  private final GradientSource gradients;
  private final @Nullable Selection[] selections; // of each parameter; null where it is dense

  /** Asked where weights are selected by their gradients. */
  @FunctionalInterface
  public interface GradientSource {
    /** The gradient of a parameter that has one at this step. */
    Tensor of(int parameter, StepState step);
  }

  /**
   * Selects for the first interval.
   *
   * @param weights asked where they are selected by magnitude
   */
  public Selections(
      AdamSettings adam,
      List<String> names,
      long[] elements,
      List<Hyperparameters> hyperparameters,
      IntFunction<Tensor> weights,
      GradientSource gradients,
      ParallelTasks threads,
      Supplier<Arena> arenas) {
    this.adam = adam;
    this.gradients = gradients;
    selections = new Selection[names.size()];
    try {
      for (int i = 0; i < selections.length; i++) {
        Hyperparameters h = hyperparameters.get(i);
        if (h.isSparse()) {
          int parameter = i;
          selections[i] =
              new Selection(
                  adam,
                  names.get(i),
                  elements[i],
                  () -> weights.apply(parameter),
                  h,
                  threads,
                  arenas);
        }
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  public boolean isSparse(int parameter) {
    return selections[parameter] != null;
  }

  /** The current one; null if the parameter is dense, or waits for its first gradient. */
  public @Nullable IndexMask mask(int parameter) {
    Selection selection = selections[parameter];
    return selection == null ? null : selection.mask();
  }

  /** The one that was prepared; null if none was, or one that waits for its first gradient. */
  public @Nullable IndexMask nextMask(int parameter) {
    Selection selection = selections[parameter];
    return selection == null ? null : selection.nextMask();
  }

  /** How many weights of a sparse parameter have moments; 0 of a dense one. */
  public long count(int parameter) {
    Selection selection = selections[parameter];
    return selection == null ? 0 : selection.count();
  }

  /** How many have after {@link #commit}. */
  public long nextCount(int parameter) {
    Selection selection = selections[parameter];
    return selection == null ? 0 : selection.nextCount();
  }

  /** Draws those that change at a step. If that fails, {@link #discard} has to follow. */
  public void prepare(StepState step, Timeline timeline) {
    boolean changes = timeline.startsInterval(step.t());
    for (int i = 0; i < selections.length; i++) {
      Selection selection = selections[i];
      if (selection != null && (changes || selection.waits())) {
        boolean looks = adam.selectsByGradient() && step.has(i);
        selection.prepare(timeline.interval(step.t()), looks ? gradients.of(i, step) : null);
      }
    }
  }

  /**
   * Makes those of a checkpoint. If that fails, {@link #discard} has to follow.
   *
   * @param sources of each parameter; null for one that starts afresh and keeps its selection
   * @throws IllegalArgumentException if a mask is no selection
   */
  public void prepareRestore(List<@Nullable ParameterState> sources) {
    discard();
    for (int i = 0; i < selections.length; i++) {
      Selection selection = selections[i];
      ParameterState source = sources.get(i);
      if (selection != null && source != null) {
        selection.prepareRestore(source.mask().orElse(null));
      }
    }
  }

  /** Makes those that were prepared the current ones. */
  public void commit() {
    for (Selection selection : selections) {
      if (selection != null) {
        selection.commit();
      }
    }
  }

  /** Forgets those that were prepared. */
  public void discard() {
    for (Selection selection : selections) {
      if (selection != null) {
        selection.discardNext();
      }
    }
  }

  @Override
  public void close() {
    for (Selection selection : selections) {
      if (selection != null) {
        selection.close();
      }
    }
  }
}
