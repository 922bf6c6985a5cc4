package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;

/**
 * How the saved state of a parameter must look for an optimizer to go on from it: what only a load
 * asks for.
 *
 * @param weights their type
 * @param isPacked whether only selected weights have state
 * @param tensors of the state
 * @param decided names of scalars that the optimizer's own decision keeps; others are histories of
 *     transforms
 */
public record ExpectedState(DType weights, boolean isPacked, Tensors tensors, Set<String> decided) {
  /** The state tensors, by their names. */
  @FunctionalInterface
  public interface Tensors {
    /**
     * Their types.
     *
     * @param selected how many weights the file selects; empty if it has no selection
     */
    SequencedMap<String, TensorType> of(OptionalLong selected);
  }

  /** What a tensor is apart from its memory. */
  public record TensorType(DType dtype, List<Long> shape) {
    /** Of a shape as tensors have it. */
    public static TensorType of(DType dtype, long... shape) {
      return new TensorType(dtype, Arrays.stream(shape).boxed().toList());
    }

    /** That of a tensor. */
    public static TensorType of(Tensor tensor) {
      return of(tensor.dtype(), tensor.shape());
    }
  }
}
