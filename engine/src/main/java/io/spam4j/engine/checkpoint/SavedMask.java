package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;

/**
 * A selection of weights as it is saved.
 *
 * @param elements of the weights
 * @param count how many are selected
 * @param lineLength weights of a line, see {@link IndexMask#lineLength}
 * @param width of the symbols of its data, see {@link IndexMask#width}
 * @param data see {@link IndexMask#data}
 */
public record SavedMask(long elements, long count, int lineLength, int width, Tensor data) {
  /** What is saved of a selection; its data are the live ones. */
  public static SavedMask of(IndexMask mask) {
    Tensor data = Tensor.of(mask.data(), DType.U8, mask.data().byteSize());
    return new SavedMask(mask.elements(), mask.count(), mask.lineLength(), mask.width(), data);
  }

  /**
   * Makes the selection.
   *
   * @param arena owns the memory of the mask
   * @throws IllegalArgumentException if the data are no selection
   */
  public IndexMask restore(Arena arena) {
    if (lineLength == 1) {
      return IndexMask.restore(arena, elements, count, width, data.memory());
    }
    long all = Math.ceilDiv(elements, lineLength);
    long selected = Math.ceilDiv(count, lineLength);
    IndexMask lines = IndexMask.restore(arena, all, selected, width, data.memory());
    IndexMask mask = IndexMask.ofLines(lines, lineLength, elements);
    if (mask.count() != count) {
      throw new IllegalArgumentException(
          "count must be that of the weights of its lines: count=%d, weights=%d, lineLength=%d"
              .formatted(count, mask.count(), lineLength));
    }
    return mask;
  }
}
