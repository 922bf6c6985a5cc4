package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.EmulatedUpdate;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.mask.IndexMask;

/**
 * The update of {@link MomentFormat#BF16_EMULATED}: everything is worked on where it lies, selected
 * weights too.
 */
final class EmulatedForm extends PieceForm {
  private final SparseMoments sparse;
  private final long[][] positions; // of each participant

  EmulatedForm(SparseMoments sparse, int threads) {
    this.sparse = sparse;
    positions = new long[threads][IndexMask.BLOCK];
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    Operands o = piece.operands;
    o.weights = tensor.weights.memory();
    o.gradient = piece.gradient.memory();
    o.firstMoment = tensor.moments.first;
    o.secondMoment = tensor.moments.second;
    IndexMask mask = sparse.mask(tensor.index);
    if (mask == null) {
      EmulatedUpdate.apply(o, piece.from, piece.to, tensor.c, piece.tally);
      return;
    }
    long[] selected = positions[piece.participant];
    for (long start = piece.from; start < piece.to; start += IndexMask.BLOCK) {
      int count = mask.decode(start / IndexMask.BLOCK, selected);
      EmulatedUpdate.applySelected(o, start, selected, count, tensor.c, piece.tally);
    }
  }
}
