package io.spam4j.engine.internal.decide;

import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.checkpoint.TrainingState;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an optimizer has counted, and the step at work as all its parts see it; reused, because a
 * step allocates nothing.
 */
public final class StepState {
  private long t; // the step that began last; 0 before the first
  private boolean isCounted = true; // that step
  private long nonFiniteSteps;
  private final long[] updates;
  private final long[] updatesSinceReset;
  private final long[] spikes; // over all steps

  /** The gradient of each tensor; null if it has none. */
  public final @Nullable Tensor[] gradients;

  /** Of each tensor, at this step: {@link LearningRates} fills them. */
  public final double[] learningRates;

  /** What a report tells of the step as a whole, see {@link LearningRates}. */
  public double learningRate;

  /**
   * All that checkpoints save of it.
   *
   * @param steps done
   * @param nonFiniteSteps in a row, up to the latest step
   * @param tensors of each tensor
   */
  public record Snapshot(long steps, long nonFiniteSteps, List<ParameterState.Counters> tensors) {
    /**
     * What a checkpoint says.
     *
     * @param sources what each tensor goes on from; null for one that starts afresh
     */
    public static Snapshot of(TrainingState saved, List<@Nullable ParameterState> sources) {
      List<ParameterState.Counters> tensors = new ArrayList<>();
      for (ParameterState source : sources) {
        tensors.add(source == null ? ParameterState.Counters.NONE : source.counters());
      }
      return new Snapshot(saved.steps(), saved.nonFiniteSteps(), tensors);
    }
  }

  public StepState(int tensors) {
    gradients = new Tensor[tensors];
    learningRates = new double[tensors];
    updates = new long[tensors];
    updatesSinceReset = new long[tensors];
    spikes = new long[tensors];
  }

  /** The counters as they are. */
  public Snapshot snapshot() {
    List<ParameterState.Counters> tensors = new ArrayList<>();
    for (int i = 0; i < tensors(); i++) {
      tensors.add(counters(i));
    }
    return new Snapshot(steps(), nonFiniteSteps, tensors);
  }

  /** The counters of a tensor as they are. */
  public ParameterState.Counters counters(int tensor) {
    return new ParameterState.Counters(updates[tensor], updatesSinceReset[tensor], spikes[tensor]);
  }

  /** Goes on from other counters. */
  public void restore(Snapshot from) {
    t = from.steps();
    isCounted = true;
    nonFiniteSteps = from.nonFiniteSteps();
    for (int i = 0; i < tensors(); i++) {
      ParameterState.Counters counters = from.tensors().get(i);
      updates[i] = counters.updates();
      updatesSinceReset[i] = counters.updatesSinceReset();
      spikes[i] = counters.spikes();
    }
  }

  /** Takes what {@link #count} counts of another one. */
  public void takeStep(StepState other) {
    t = other.t;
    isCounted = other.isCounted;
    System.arraycopy(other.updates, 0, updates, 0, updates.length);
    System.arraycopy(other.updatesSinceReset, 0, updatesSinceReset, 0, updates.length);
  }

  /**
   * Goes on to the next step, which counts from {@link #count} on.
   *
   * @throws IllegalStateException if it cannot be counted
   */
  public void begin() {
    if (steps() >= ParameterState.Counters.MOST) {
      throw new IllegalStateException(
          "an optimizer does at most so many steps, start a new one: steps=" + steps());
    }
    t = steps() + 1;
    isCounted = false;
  }

  /** The number of the step, from 1. */
  public long t() {
    return t;
  }

  /** The steps done. */
  public long steps() {
    return isCounted ? t : t - 1;
  }

  /** How often a tensor was updated, this step included once it is counted. */
  public long updates(int tensor) {
    return updates[tensor];
  }

  /** The same since its moments were last reset; a reset at this very step comes after. */
  public long updatesSinceReset(int tensor) {
    return updatesSinceReset[tensor];
  }

  /** Adds the spikes of a step, of each tensor, to those of all steps. */
  public void addSpikes(long[] ofStep) {
    for (int i = 0; i < spikes.length; i++) {
      spikes[i] = Math.min(spikes[i] + ofStep[i], ParameterState.Counters.MOST);
    }
  }

  /** Copies what is counted of spikes over all steps, of each tensor. */
  public void copySpikes(long[] to) {
    System.arraycopy(spikes, 0, to, 0, spikes.length);
  }

  /** Steps in a row, up to the latest one, whose gradients were not finite. */
  public long nonFiniteSteps() {
    return nonFiniteSteps;
  }

  /** Counts a step whose gradients were not finite, or one whose were: then none is in a row. */
  public void countNonFinite(boolean nonFinite) {
    nonFiniteSteps = nonFinite ? Math.min(nonFiniteSteps + 1, ParameterState.Counters.MOST) : 0;
  }

  public int tensors() {
    return gradients.length;
  }

  public boolean has(int tensor) {
    return gradients[tensor] != null;
  }

  /** Counts this step, from which on it cannot fail. */
  public void count() {
    isCounted = true;
    for (int i = 0; i < updates.length; i++) {
      if (has(i)) {
        updates[i]++;
        updatesSinceReset[i]++;
      }
    }
  }

  /** Counts a reset of a tensor at this step: its gradient, if it has one, is the first since. */
  void countReset(int tensor) {
    updatesSinceReset[tensor] = has(tensor) ? 1 : 0;
  }
}
