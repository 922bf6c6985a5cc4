package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.LargestRatio;
import io.spam4j.engine.internal.kernel.UpdateLoop;
import io.spam4j.tensors.DType;

/**
 * Streams that a vector loop reads and writes as they lie, in whatever format. What it leaves, a
 * vector with something unusual or less than a vector, goes one by one, or through copies.
 */
final class DirectForm extends PieceForm {
  private final UpdateLoop loop;
  private final StagedForm otherwise;

  DirectForm(UpdateLoop loop, StagedForm otherwise) {
    this.loop = loop;
    this.otherwise = otherwise;
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    long from = piece.from;
    long to = piece.to;
    long end = to - (to - from) % loop.length();
    boolean isFloat32 = tensor.isFloat32() && piece.gradient.dtype() == DType.F32;
    if (piece.tally.largestRatio == 0 && isFloat32) {
      piece.takeAll(tensor, from);
      long some = Math.min(end, from + LargestRatio.MOST);
      LargestRatio.find(piece.operands, from, some, tensor.c, piece.tally);
    }
    for (long i = from; i < end; ) {
      piece.takeAll(tensor, i);
      i = loop.run(piece.operands, i, end, tensor.c, piece.tally);
      if (i < end) {
        updateLeft(tensor, piece, i, i + loop.length(), isFloat32);
        i += loop.length();
      }
    }
    if (end < to) {
      updateLeft(tensor, piece, end, to, isFloat32);
    }
  }

  private void updateLeft(
      FusedTensor tensor, PieceAtWork piece, long from, long to, boolean isFloat32) {
    if (isFloat32) {
      piece.takeAll(tensor, from);
      FusedUpdate.applyOneByOne(piece.operands, from, to, tensor.c, piece.tally);
    } else {
      otherwise.update(tensor, piece, from, to);
    }
  }
}
