package io.spam4j.examples.quickstart;

import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.optimizers.MomentBuilder;

/**
 * An optimizer of one's own: RMSprop (Tieleman and Hinton, Lecture 6.5 of Neural Networks for
 * Machine Learning, Coursera 2012), as torch.optim.RMSprop without momentum.
 *
 * <pre>
 * v = alpha v + (1 - alpha) g^2
 * w = w - lr g / (sqrt(v) + eps)
 * </pre>
 *
 * <p>It is Adam with m = g, which is beta1 = 0, and with moments that are not corrected for their
 * start at 0. So it only decides otherwise, in this file, and has all that Adam has: groups, sparse
 * momentum, moments in fewer bits, transforms, checkpoints, the same bits at every vector width and
 * on a GPU.
 *
 * <pre>{@code
 * Optimizer optimizer = RmsProp.builder().alpha(0.9).build(parameters);
 * }</pre>
 *
 * <p>Difference from the reference: weight decay, if any, is decoupled, as AdamW's.
 */
public final class RmsProp extends MomentBuilder<RmsProp> {
  private RmsProp() {
    super("rmsprop"); // as checkpoints and messages have it
    learningRate(1e-2);
    alpha(0.99);
  }

  /** A builder with torch.optim.RMSprop's defaults: lr 1e-2, alpha 0.99, eps 1e-8. */
  public static RmsProp builder() {
    return new RmsProp();
  }

  /**
   * The decay of the second moment.
   *
   * @param alpha in [0, 1); default 0.99
   */
  public RmsProp alpha(double alpha) {
    return betas(0, alpha);
  }

  @Override
  protected Decision decision(int parameters) {
    return (coefficients, step) -> {
      coefficients.stepSize = (float) step.learningRate();
      coefficients.epsilon = (float) step.epsilon();
    };
  }

  @Override
  protected RmsProp self() {
    return this;
  }
}
