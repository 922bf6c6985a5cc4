package io.spam4j.engine.internal.apply;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.LargestRatio;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UnusualStretch;
import io.spam4j.engine.internal.kernel.UpdateLoop;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.tensors.internal.simd.MomentCodes;

/**
 * Moments in blocks of 8-bit codes, which a vector loop updates as they lie. What it leaves is
 * decoded, updated and encoded: a block with something unusual in it, the last block if it is
 * shorter, and the first ones, in which the largest ratio is looked for.
 */
final class CodedForm extends PieceForm {
  private final WarmLoop warmLoop;
  private final StagedForm cold;

  CodedForm(WarmLoop loop, StagedForm cold) {
    warmLoop = loop;
    this.cold = cold;
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    UpdateLoop loop = warmLoop.get();
    if (loop == null) {
      cold.updateCold(tensor, piece, MomentCodes.BLOCK);
      return;
    }
    long i = piece.from;
    if (piece.tally.largestRatio == 0) {
      i = Math.min(piece.to, i + LargestRatio.MOST);
      updateDecoded(tensor, piece, piece.from, i);
    }
    long begin = i;
    long end = piece.to - (piece.to - piece.from) % MomentCodes.BLOCK;
    int vectors = UnusualStretch.FEWEST;
    while (i < end) {
      piece.takeAll(tensor, i);
      Operands o = piece.operands;
      o.blockOfFirst = piece.block().first();
      o.blockOfRoots = piece.block().second();
      long stop = loop.run(o, i, end, tensor.c, piece.tally);
      if (stop < end) {
        vectors = i == begin ? vectors : UnusualStretch.after(vectors, stop - i, loop.length());
        long blocks = MomentCodes.blockCount((long) vectors * loop.length());
        i = Math.min(end, stop + blocks * MomentCodes.BLOCK);
        updateDecoded(tensor, piece, stop, i);
      } else {
        i = end;
      }
    }
    if (i < piece.to) {
      updateDecoded(tensor, piece, i, piece.to);
    }
    quiet(tensor, piece);
  }

  private void updateDecoded(FusedTensor tensor, PieceAtWork piece, long from, long to) {
    for (long start = from; start < to; start += LargestRatio.MOST) {
      long end = Math.min(to, start + LargestRatio.MOST);
      piece.loadGradient(start, end);
      updateWeights(tensor, piece, start, end);
    }
  }

  @Override
  void updateOperands(Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    if (tally.largestRatio == 0) {
      LargestRatio.find(o, from, to, c, tally);
    }
    super.updateOperands(o, from, to, c, tally);
  }
}
