package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.LargestRatio;
import io.spam4j.engine.internal.kernel.UnusualStretch;
import io.spam4j.engine.internal.kernel.UpdateLoop;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.tensors.DType;

/**
 * Streams that a vector loop reads and writes as they lie, in whatever format. What it leaves,
 * vectors with something unusual or less than a vector, goes through float32 copies unless it is
 * float32; so does everything while the loop is not compiled.
 */
final class DirectForm extends PieceForm {
  private final WarmLoop warmLoop;
  private final StagedForm otherwise;

  DirectForm(WarmLoop loop, StagedForm otherwise) {
    warmLoop = loop;
    this.otherwise = otherwise;
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    UpdateLoop loop = warmLoop.get();
    if (loop == null) {
      otherwise.updateCold(tensor, piece, FusedUpdate.COLD_PART);
    } else if (tensor.isFloat32() && piece.gradient.dtype() == DType.F32) {
      updateFloats(loop, tensor, piece);
    } else {
      updateOthers(loop, tensor, piece, piece.from, piece.to);
    }
    quiet(tensor, piece);
  }

  private void updateFloats(UpdateLoop loop, FusedTensor tensor, PieceAtWork piece) {
    piece.takeAll(tensor, piece.from);
    if (piece.tally.largestRatio == 0) {
      long some = Math.min(piece.to, piece.from + LargestRatio.MOST);
      LargestRatio.find(piece.operands, piece.from, some, tensor.c, piece.tally);
    }
    FusedUpdate.apply(loop, piece.operands, piece.from, piece.to, tensor.c, piece.tally);
  }

  private void updateOthers(
      UpdateLoop loop, FusedTensor tensor, PieceAtWork piece, long from, long to) {
    int length = loop.length();
    long end = to - (to - from) % length;
    int vectors = UnusualStretch.FEWEST;
    for (long i = from; i < end; ) {
      long before = i;
      piece.takeAll(tensor, i);
      i = loop.run(piece.operands, i, end, tensor.c, piece.tally);
      if (i < end) {
        vectors = before == from ? vectors : UnusualStretch.after(vectors, i - before, length);
        long next = Math.min(end, i + (long) vectors * length);
        otherwise.update(tensor, piece, i, next);
        i = next;
      }
    }
    if (end < to) {
      otherwise.update(tensor, piece, end, to);
    }
  }
}
