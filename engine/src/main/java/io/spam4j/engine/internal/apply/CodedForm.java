package io.spam4j.engine.internal.apply;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.LargestRatio;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UnusualStretch;
import io.spam4j.engine.internal.kernel.UpdateLoop;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.tensors.internal.simd.MomentCodes;
import java.lang.foreign.MemorySegment;

/**
 * Moments in blocks of 8-bit codes, which a vector loop updates as they lie. What it leaves is
 * decoded, updated and encoded: the rest of a block with something unusual in it, a block of other
 * roots than its grid has, the last block if it is shorter, and the first ones, in which the largest
 * ratio is looked for.
 */
final class CodedForm extends PieceForm {
  private final UpdateLoop loop;

  CodedForm(UpdateLoop loop) {
    this.loop = loop;
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    long end = piece.to - (piece.to - piece.from) % MomentCodes.BLOCK;
    int vectors = UnusualStretch.FEWEST;
    long i = piece.from;
    if (piece.tally.largestRatio == 0) {
      i = Math.min(piece.to, i + LargestRatio.MOST);
      finish(tensor, piece, piece.from, piece.from, i);
    }
    long begin = i;
    while (i < end) {
      piece.takeAll(tensor, i);
      Operands o = piece.operands;
      o.formerCodes = piece.block().high();
      long stop = loop.run(o, i, end, tensor.c, piece.tally);
      if (o.finished == end) {
        i = end;
      } else {
        vectors = i == begin ? vectors : UnusualStretch.after(vectors, stop - i, loop.length());
        long wanted = MomentCodes.blockCount(stop + (long) vectors * loop.length());
        long most = Math.min(end, o.finished + StagedBlock.BLOCK);
        i = Math.min(most, wanted * MomentCodes.BLOCK);
        finish(tensor, piece, o.finished, stop, i);
      }
    }
    if (i < piece.to) {
      finish(tensor, piece, i, i, piece.to);
    }
  }

  /** Updates the rest of blocks of which the weights before {@code done} are done. */
  private void finish(FusedTensor tensor, PieceAtWork piece, long from, long done, long to) {
    StagedBlock block = piece.block();
    if (done > from) {
      MemorySegment former = piece.operands.formerCodes;
      long codes = MomentCodes.BLOCK;
      MemorySegment.copy(former, 0, tensor.moments.first, from, codes);
      MemorySegment.copy(former, codes, tensor.moments.second, from, codes);
    }
    tensor.moments.load(from, to - from, block.first(), block.second());
    piece.setMoments(block.first(), block.second(), from);
    if (done > from) {
      updateMomentsAlone(tensor, piece, from, done);
    }
    if (done < to) {
      piece.loadGradient(done, to);
      piece.loadWeights(tensor.weights, done, to);
      updateFloats(tensor, piece, done, to);
      piece.storeWeights(tensor.weights, done, to);
    }
    tensor.moments.store(block.first(), block.second(), from, to - from, piece.t);
  }

  /** Updates moments that do not depend on weights; what takes the place of those is no use. */
  private void updateMomentsAlone(FusedTensor tensor, PieceAtWork piece, long from, long to) {
    UpdateTally counted = piece.tally;
    piece.tally = piece.uncounted;
    piece.tally.clear();
    piece.tally.largestRatio = counted.largestRatio;
    piece.loadGradient(from, to);
    piece.setWeights(piece.block().weights(), from);
    updateFloats(tensor, piece, from, to);
    piece.tally = counted;
  }

  @Override
  void updateOperands(Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    if (tally.largestRatio == 0) {
      LargestRatio.find(o, from, to, c, tally);
    }
    super.updateOperands(o, from, to, c, tally);
  }
}
