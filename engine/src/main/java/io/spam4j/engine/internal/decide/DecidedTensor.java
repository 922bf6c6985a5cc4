package io.spam4j.engine.internal.decide;

import io.spam4j.engine.decision.TensorStep;
import io.spam4j.engine.internal.math.Correction;
import java.util.List;

/**
 * The tensor that a thread decides, as an optimizer's own decision sees it, and its bias
 * corrections, which most tensors of a step share. One serves a thread for all of its tensors.
 */
public final class DecidedTensor implements TensorStep {
  private final List<Hyperparameters> hyperparameters;
  private StepState step = new StepState(0);
  private int tensor;

  // What the corrections are of.
  private long count = -1;
  private double ofBeta1;
  private double ofBeta2;

  /** 1 - beta1^k of the k gradients that count. */
  double correction1;

  /** The same of beta2. */
  double correction2;

  /**
   * No tensor yet.
   *
   * @param hyperparameters of all tensors
   */
  public DecidedTensor(List<Hyperparameters> hyperparameters) {
    this.hyperparameters = hyperparameters;
  }

  void set(int newTensor, StepState newStep) {
    tensor = newTensor;
    step = newStep;
  }

  void correct(long newCount, double beta1, double beta2) {
    if (newCount == count && beta1 == ofBeta1 && beta2 == ofBeta2) {
      return;
    }
    count = newCount;
    ofBeta1 = beta1;
    ofBeta2 = beta2;
    correction1 = Correction.of(beta1, count);
    correction2 = Correction.of(beta2, count);
  }

  @Override
  public int tensor() {
    return tensor;
  }

  @Override
  public long step() {
    return step.t();
  }

  @Override
  public long updates() {
    return step.updates(tensor);
  }

  @Override
  public long updatesSinceReset() {
    return step.updatesSinceReset(tensor);
  }

  @Override
  public double learningRate() {
    return step.learningRates[tensor];
  }

  @Override
  public double beta1() {
    return hyperparameters.get(tensor).beta1();
  }

  @Override
  public double beta2() {
    return hyperparameters.get(tensor).beta2();
  }

  @Override
  public double epsilon() {
    return hyperparameters.get(tensor).epsilon();
  }

  @Override
  public double weightDecay() {
    return hyperparameters.get(tensor).weightDecay();
  }
}
