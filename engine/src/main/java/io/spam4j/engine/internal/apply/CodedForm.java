package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UnusualStretch;
import io.spam4j.engine.internal.kernel.UpdateLoop;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.tensors.internal.simd.Int8Blocks;

/**
 * Moments in blocks of 8-bit codes: a vector loop decodes them while it updates, and they are
 * encoded when the scales of their blocks are known. What it leaves is decoded beforehand.
 */
final class CodedForm extends PieceForm {
  /** Moments that are decoded before they are encoded again: both fit in the first-level cache. */
  private static final int CODES_AT_ONCE = 8 * Int8Blocks.BLOCK;

  private final WarmLoop warmLoop;
  private final StagedForm otherwise;

  CodedForm(WarmLoop loop, StagedForm otherwise) {
    warmLoop = loop;
    this.otherwise = otherwise;
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    UpdateLoop loop = warmLoop.get();
    if (loop == null) {
      otherwise.updateCold(tensor, piece, Int8Blocks.BLOCK);
      return;
    }
    for (long start = piece.from; start < piece.to; start += CODES_AT_ONCE) {
      updateBlocks(loop, tensor, piece, start, Math.min(piece.to, start + CODES_AT_ONCE));
    }
    quiet(tensor, piece);
  }

  private void updateBlocks(
      UpdateLoop loop, FusedTensor tensor, PieceAtWork piece, long from, long to) {
    StagedBlock block = piece.block();
    int length = loop.length();
    long end = to - (to - from) % length;
    int vectors = UnusualStretch.FEWEST;
    for (long i = from; i < to; ) {
      if (i < end) {
        long before = i;
        piece.takeAll(tensor, i);
        Operands o = piece.operands;
        o.firstOut = block.first();
        o.secondOut = block.second();
        o.outShift = -from;
        i = loop.run(o, i, end, tensor.c, piece.tally);
        vectors = before == from ? vectors : UnusualStretch.after(vectors, i - before, length);
      }
      if (i < to) {
        long next = i < end ? Math.min(end, i + (long) vectors * length) : to;
        tensor.moments.loadPart(i, next - i, block.first(), block.second(), i - from);
        piece.setMoments(block.first(), block.second(), from);
        piece.loadGradient(i, next);
        piece.loadWeights(tensor.weights, i, next);
        updateFloats(tensor, piece, i, next);
        piece.storeWeights(tensor.weights, i, next);
        i = next;
      }
    }
    tensor.moments.store(block.first(), block.second(), from, to - from, piece.t);
  }
}
