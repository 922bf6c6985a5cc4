package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.EmulatedUpdate;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import org.jspecify.annotations.Nullable;

/**
 * One participant's part of the update of {@link MomentFormat#BF16_EMULATED}: everything is worked
 * on where it lies.
 */
final class EmulatedPiece {
  private final Operands o = new Operands();
  private final long[] positions = new long[IndexMask.BLOCK];

  /**
   * Updates the moments {@code [from, to)} of a tensor and their weights.
   *
   * @param mask which weights have moments; null for all
   */
  void update(
      FusedTensor tensor,
      @Nullable IndexMask mask,
      Tensor gradient,
      long from,
      long to,
      UpdateTally tally) {
    o.weights = tensor.weights.memory();
    o.gradient = gradient.memory();
    o.firstMoment = tensor.moments.first;
    o.secondMoment = tensor.moments.second;
    if (mask == null) {
      EmulatedUpdate.apply(o, from, to, tensor.c, tally);
      return;
    }
    for (long start = from; start < to; start += IndexMask.BLOCK) {
      int count = mask.decode(start / IndexMask.BLOCK, positions);
      EmulatedUpdate.applySelected(o, start, positions, count, tensor.c, tally);
    }
  }
}
