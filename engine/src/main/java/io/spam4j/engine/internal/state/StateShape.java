package io.spam4j.engine.internal.state;

import io.spam4j.engine.checkpoint.ExpectedState.TensorType;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.TensorSlab;
import java.lang.foreign.Arena;

/** What a state tensor is, apart from its memory. */
public final class StateShape {
  private final DType dtype;
  private final long[] shape;
  private final boolean staysWithWeights;

  private StateShape(DType dtype, long[] shape, boolean staysWithWeights) {
    this.dtype = dtype;
    this.shape = shape;
    this.staysWithWeights = staysWithWeights;
  }

  /** A tensor that is made anew where other weights are selected. */
  static StateShape of(DType dtype, long... shape) {
    return new StateShape(dtype, shape.clone(), /* staysWithWeights= */ false);
  }

  /** A tensor that belongs to the weights themselves, whichever are selected. */
  static StateShape ofWeights(DType dtype, long... shape) {
    return new StateShape(dtype, shape.clone(), /* staysWithWeights= */ true);
  }

  boolean staysWithWeights() {
    return staysWithWeights;
  }

  /** What a tensor of it is. */
  TensorType type() {
    return TensorType.of(dtype, shape);
  }

  public long bytes() {
    return dtype.bytes(Tensor.elements(shape));
  }

  public void addTo(TensorSlab slab) {
    slab.add(dtype, shape);
  }

  /** A tensor of zeros. */
  Tensor allocate(Arena arena) {
    return Tensor.allocate(arena, dtype, shape);
  }
}
