package io.spam4j.examples.models;

import java.util.Arrays;
import java.util.List;

/**
 * A weight tensor of a model.
 *
 * @param name as in Hugging Face's files
 * @param shape rows and columns, or one extent
 * @param target whether memory-efficient optimizers treat it: the matrices of attention and of the
 *     feed-forward part
 */
public record ModelWeight(String name, List<Long> shape, boolean target) {
  /** Copies the shape. */
  public ModelWeight {
    shape = List.copyOf(shape);
  }

  /** A tensor that stays dense. */
  static ModelWeight dense(String name, long... shape) {
    return new ModelWeight(name, boxed(shape), false);
  }

  /** A target. */
  static ModelWeight target(String name, long rows, long columns) {
    return new ModelWeight(name, List.of(rows, columns), true);
  }

  private static List<Long> boxed(long... shape) {
    return Arrays.stream(shape).boxed().toList();
  }

  /** The product of the extents. */
  public long elements() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }
}
