package io.spam4j.engine.internal.decide;

import io.spam4j.engine.Schedule;
import io.spam4j.tensors.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One step as all parts of an optimizer see it; reused, because a step allocates nothing. */
public final class StepState {
  /** The number of the step, from 1. */
  public long t;

  /** The gradient of each tensor; null if it has none. */
  public final @Nullable Tensor[] gradients;

  /** Of each tensor: the schedule's, at this step. */
  public final double[] learningRates;

  /** How often each tensor will have been updated, this step included. */
  public final long[] updates;

  /** The same since its moments were last reset; a reset at this very step comes after. */
  public final long[] updatesSinceReset;

  public StepState(int tensors) {
    gradients = new Tensor[tensors];
    learningRates = new double[tensors];
    updates = new long[tensors];
    updatesSinceReset = new long[tensors];
  }

  /** Takes the counters of another step. */
  public void setCounters(StepState other) {
    System.arraycopy(other.updates, 0, updates, 0, updates.length);
    System.arraycopy(other.updatesSinceReset, 0, updatesSinceReset, 0, updates.length);
  }

  public int tensors() {
    return gradients.length;
  }

  public boolean has(int tensor) {
    return gradients[tensor] != null;
  }

  /**
   * Asks the schedules.
   *
   * @param names of the tensors, for the message
   * @throws IllegalArgumentException if a schedule gives what is no learning rate
   */
  public void readLearningRates(List<Hyperparameters> hyperparameters, List<String> names) {
    for (int i = 0; i < learningRates.length; i++) {
      Schedule schedule = hyperparameters.get(i).learningRate();
      boolean known = i > 0 && schedule.equals(hyperparameters.get(i - 1).learningRate());
      learningRates[i] = known ? learningRates[i - 1] : learningRate(schedule, names.get(i));
    }
  }

  private double learningRate(Schedule schedule, String parameter) {
    double learningRate = schedule.at(t - 1);
    if (!(learningRate >= 0 && learningRate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "a schedule must give finite learning rates, not negative: learningRate=%s, step=%d, parameter=%s"
              .formatted(learningRate, t - 1, parameter));
    }
    return learningRate;
  }

  /** Counts this step, from which on it cannot fail. */
  public void count() {
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
