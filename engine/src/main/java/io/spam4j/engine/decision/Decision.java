package io.spam4j.engine.decision;

import java.util.Map;

/**
 * What an optimizer of Adam's family decides otherwise. The family decides first: learning rate,
 * warm-up, bias corrections, decay, what is a spike (Adam: arXiv 1412.6980, Algorithm 1; SPAM:
 * arXiv 2501.06842, Algorithm 1). A decision then changes what it wants of the {@link
 * UpdateCoefficients}; the update itself, its formats, sparse momentum, transforms, checkpoints and
 * devices stay as they are. See {@code MomentBuilder.decision}.
 *
 * <p>It may keep numbers from step to step, of each tensor, and has to tell all of them with {@link
 * #addScalars}: so they are saved with the optimizer, and brought back where a device discards a
 * step that was decided already. One object serves one optimizer; several threads may decide
 * different tensors at the same time, never the same one.
 */
@FunctionalInterface
public interface Decision {
  /** Leaves all as Adam's family decides it. */
  Decision ADAM = (_, _) -> {};

  /**
   * Changes what was decided of one tensor that has a gradient; not called where it has none. Must
   * not throw: the step is counted already, and what is thrown breaks it off; see {@code
   * Optimizer}.
   *
   * @param coefficients the family's for this step; see {@link UpdateCoefficients} for those that
   *     keep what they are set to, and those that transforms set
   * @param step the step, and the tensor's hyper-parameters
   */
  void decide(UpdateCoefficients coefficients, TensorStep step);

  /**
   * Adds the numbers that it keeps of a tensor, by names for files, as {@code Optimizer.scalars}
   * shows them. The names must have no blanks and no {@code =}, be the same for all tensors at all
   * times, and not be those that a checkpoint has for other things of a parameter, such as {@code
   * updates}: build refuses those. See docs/checkpoints.md.
   *
   * @param tensor its number, from 0, in the order of the parameters
   */
  default void addScalars(int tensor, Map<String, Double> scalars) {}

  /**
   * Goes on from the numbers of a checkpoint, or from those before a step that is discarded.
   *
   * @param scalars all that {@link #addScalars} adds; 0 what the checkpoint did not have, and all
   *     of a parameter that starts afresh. So 0 must be what a number is before the first step:
   *     keep the logarithm of a product, not the product.
   */
  default void restoreScalars(int tensor, Map<String, Double> scalars) {}
}
