package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.state.StagedBlock;

/**
 * Streams that are float32 outside the heap are updated as they lie, the others in float32 copies,
 * some blocks of {@link Staging} one after the other.
 */
final class StagedForm extends PieceForm {
  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    update(tensor, piece, piece.from, piece.to);
  }

  /** Updates a part of a piece. */
  void update(FusedTensor tensor, PieceAtWork piece, long from, long to) {
    long most = Staging.isStaged(piece.gradient) ? StagedBlock.BLOCK : to - from;
    for (long start = from; start < to; start += most) {
      long end = Math.min(to, start + most);
      piece.loadGradient(start, end);
      updateWeights(tensor, piece, start, end);
    }
  }
}
