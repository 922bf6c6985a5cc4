package io.spam4j.engine;

import io.spam4j.engine.checkpoint.SavedNames;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.Objects;

/**
 * What an optimizer trains: a name and the tensor that holds the weights. The weights stay the
 * caller's; a step changes them in place.
 *
 * @param name unique in an optimizer; groups, gradients and checkpoints refer to it, so it is valid
 *     Unicode of at most {@link SavedNames#MOST_BYTES} bytes
 * @param weights {@link DType#F32}, or, for optimizers of Adam's family, {@link DType#BF16}: see
 *     {@link io.spam4j.engine.optimizers.MomentBuilder#weightRounding}; writable, at least one
 *     element
 * @param inPlace throws {@link IllegalStateException}, with the name and the remedy, once {@code
 *     weights} no longer shows the memory that the model trains with; asked before weights are
 *     changed, saved or loaded. For frameworks that may move weights: nothing to check otherwise
 */
public record Parameter(String name, Tensor weights, Runnable inPlace) {
  /** What there is to ask of weights that never move. */
  private enum Stays implements Runnable {
    ALWAYS;

    @Override
    public void run() {}
  }

  /** Weights that stay where they are. */
  public Parameter(String name, Tensor weights) {
    this(name, weights, Stays.ALWAYS);
  }

  /**
   * Checks the weights.
   *
   * @throws IllegalArgumentException if the name is empty or could not be saved, or the weights are
   *     of another type, are read-only or have no elements
   */
  public Parameter {
    Objects.requireNonNull(name, "name must not be null");
    Objects.requireNonNull(weights, "weights must not be null");
    Objects.requireNonNull(inPlace, "inPlace must not be null");
    SavedNames.require("parameter", name);
    DType dtype = weights.dtype();
    if (dtype != DType.F32 && dtype != DType.BF16) {
      throw new IllegalArgumentException(
          "weights must be F32 or BF16: parameter=" + name + ", dtype=" + dtype);
    }
    if (weights.elements() == 0) {
      throw new IllegalArgumentException(
          "weights must have elements: parameter=" + name + ", shape=" + weights.shapeText());
    }
    if (weights.memory().isReadOnly()) {
      throw new IllegalArgumentException("weights must be writable: parameter=" + name);
    }
  }

  /** Whether the weights may move, so that {@link #inPlace} has something to look at. */
  public boolean canMove() {
    return !(inPlace instanceof Stays);
  }

  @Override
  public String toString() {
    return "Parameter[name=" + name + ", weights=" + weights + "]";
  }
}
