package io.spam4j.engine.internal.decide;

import io.spam4j.engine.Schedule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks the schedules for the learning rates of a step, and refuses what no step can be made of. */
public final class LearningRates {
  private final List<Hyperparameters> hyperparameters;
  private final List<String> names;
  private final Schedule[] schedules;
  private final boolean[] isAsked; // whether the rate is not that of the tensor before
  private final boolean[] isTold; // whether the rate of a step is that of this tensor
  private final @Nullable UpdateSchedule ofSteps; // if the builder's is asked with a step instead

  /**
   * The schedules of all tensors.
   *
   * @param names of the tensors, for messages
   * @param builders the schedule of what no group gives one of its own
   */
  public LearningRates(
      List<Hyperparameters> hyperparameters, List<String> names, Schedule builders) {
    this.hyperparameters = hyperparameters;
    this.names = names;
    isTold = new boolean[names.size()];
    isAsked = new boolean[names.size()];
    schedules =
        hyperparameters.stream().map(Hyperparameters::learningRate).toArray(Schedule[]::new);
    for (int i = 0; i < isAsked.length; i++) {
      boolean isKnown = i > 0 && schedules[i].equals(schedules[i - 1]);
      isAsked[i] = !isKnown || schedules[i] instanceof UpdateSchedule;
    }
    boolean any = false;
    for (int i = 0; i < isTold.length; i++) {
      isTold[i] = hyperparameters.get(i).learningRate().equals(builders);
      any |= isTold[i];
    }
    ofSteps = any && builders instanceof UpdateSchedule schedule ? schedule : null;
    for (int i = 0; i < isTold.length && !any; i++) {
      isTold[i] = true;
    }
  }

  /**
   * Asks for a step that has begun and is not counted yet.
   *
   * @throws IllegalArgumentException if a schedule gives what is no learning rate
   */
  public void read(StepState step) {
    double[] rates = step.learningRates;
    for (int i = 0; i < rates.length; i++) {
      double rate = isAsked[i] ? ask(schedules[i], i, step) : rates[i - 1];
      if (rate > 1) {
        requireFit(rate, i, step);
      }
      rates[i] = rate;
    }
    step.learningRate = ofSteps == null ? told(step.learningRates) : ofSteps.at(step.t() - 1);
  }

  private double ask(Schedule schedule, int tensor, StepState step) {
    long at = schedule instanceof UpdateSchedule ? step.updates(tensor) : step.t() - 1;
    double rate = schedule.at(at);
    if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "a schedule must give finite learning rates, not negative: learningRate=%s, step=%d, parameter=%s"
              .formatted(rate, step.t() - 1, names.get(tensor)));
    }
    return rate;
  }

  /** What weights are multiplied with is float, and an infinity makes NaN of a gradient of 0. */
  private void requireFit(double rate, int tensor, StepState step) {
    Hyperparameters h = hyperparameters.get(tensor);
    double beta1 = h.used().contains(Hyperparameters.Setting.BETAS) ? h.beta1() : 0;
    double most = Math.max(rate / (1 - beta1), rate * h.weightDecay());
    if (!(most <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "a learning rate, also divided by 1 - beta1 or times the weight decay, must fit a float:"
              + " learningRate=%s, beta1=%s, weightDecay=%s, step=%d, parameter=%s"
                  .formatted(rate, beta1, h.weightDecay(), step.t() - 1, names.get(tensor)));
    }
  }

  /** The rate of those whose rate is told; NaN if it is not the same. */
  private double told(double[] rates) {
    double told = -1; // none yet
    for (int i = 0; i < rates.length; i++) {
      if (isTold[i] && told >= 0 && told != rates[i]) {
        return Double.NaN;
      }
      told = isTold[i] ? rates[i] : told;
    }
    return told;
  }
}
