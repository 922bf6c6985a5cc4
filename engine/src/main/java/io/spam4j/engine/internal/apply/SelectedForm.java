package io.spam4j.engine.internal.apply;

import io.spam4j.tensors.mask.IndexMask;
import java.util.Objects;

/**
 * Selected weights, which alone have moments: they and their gradients are gathered, some blocks of
 * the mask at a time, updated as a small dense tensor, and put back.
 */
final class SelectedForm extends PieceForm {
  private final SparseMoments sparse;
  private final Staging staging;

  SelectedForm(SparseMoments sparse, Staging staging) {
    this.sparse = sparse;
    this.staging = staging;
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    IndexMask mask = Objects.requireNonNull(sparse.mask(tensor.index));
    GatheredBlock work = sparse.workspace(piece.participant);
    for (long start = piece.from; start < piece.to; ) {
      int count = work.gather(tensor, staging, mask, start, piece.to, piece.gradient, piece.tally);
      piece.setWeights(work.weights(), start);
      piece.setGradient(work.gradient(), start);
      clipDeviations(tensor, piece, start, start + count);
      piece.operands.givesChanges = work.takesChanges();
      updateMoments(tensor, piece, start, start + count);
      piece.operands.givesChanges = false;
      work.scatter(tensor.weights, staging, piece.t);
      start += count;
    }
    if (sparse.movesUnselected(tensor.index)) {
      work.moveUnselected(
          tensor.index, mask, piece.from, piece.to, piece.gradient, tensor.c, piece.tally);
    }
  }

  @Override
  long position(FusedTensor tensor, PieceAtWork piece, long element) {
    return sparse.workspace(piece.participant).position(element - piece.weightsFrom);
  }
}
