package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.engine.internal.work.WorkPlan;
import java.lang.foreign.MemorySegment;

/** Gradients that the kernel cannot transform itself: that is done in copies of them. */
final class CopiedForm extends PieceForm {
  private final GradientCopies copies;
  private final int links; // of the chain: all of them

  CopiedForm(GradientCopies copies, int links) {
    this.copies = copies;
    this.links = links;
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    for (long start = piece.from; start < piece.to; start += WorkPlan.UNIT) {
      long end = Math.min(piece.to, start + WorkPlan.UNIT);
      MemorySegment gradient =
          copies.load(
              piece.gradient, tensor.index, start, end, links, piece.tally, piece.participant);
      piece.setGradient(gradient, start);
      clipDeviations(tensor, piece, start, end);
      updateWeights(tensor, piece, start, end);
    }
  }
}
