package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.kernel.Unselected;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.MemorySegment;

/** One participant's weights that are not selected, and move all the same. */
final class UnselectedPieces {
  private final boolean descend; // whether they take gradient steps
  private final GradientCopies gradients; // of pieces
  private final int links; // transforms that are done here
  private final long[] positions = new long[IndexMask.BLOCK]; // of a block of selected weights
  private final Unselected unselected;
  private final UpdateTally uncounted = new UpdateTally();

  UnselectedPieces(AdamSettings adam, GradientCopies gradients, int links) {
    descend = adam.unselected == UnselectedWeights.SGD;
    boolean decay = adam.maskedWeightDecay == MaskedWeightDecay.ALL;
    unselected = new Unselected(descend, decay, positions);
    this.gradients = gradients;
    this.links = links;
  }

  /**
   * Moves the weights from the one behind the last selected before a piece of the packed moments to
   * the last selected in it, or to the end.
   */
  void move(FusedTensor tensor, IndexMask mask, PieceAtWork piece) {
    long block = piece.from / IndexMask.BLOCK;
    long next = block == 0 ? 0 : positions[mask.decode(block - 1, positions) - 1] + 1;
    for (; block * IndexMask.BLOCK < piece.to; block++) {
      int count = mask.decode(block, positions);
      boolean isLast = block * IndexMask.BLOCK + count == mask.count();
      long end = isLast ? mask.elements() : positions[count - 1] + 1;
      move(tensor, piece, next, end, count);
      next = end;
    }
    if (mask.count() == 0) {
      move(tensor, piece, 0, mask.elements(), 0);
    }
  }

  /** Moves a range of weights but for the first {@code count} positions. */
  private void move(FusedTensor tensor, PieceAtWork piece, long from, long to, int count) {
    MemorySegment weights = tensor.weights.memory();
    UpdateTally counted = descend ? piece.tally : uncounted; // with the selected, then
    unselected.begin(count);
    for (long start = from; start < to; start += WorkPlan.UNIT) {
      long end = Math.min(to, start + WorkPlan.UNIT);
      MemorySegment gradient =
          gradients.load(
              piece.gradient, tensor.index, start, end, links, counted, piece.participant);
      unselected.apply(weights, gradient, start, end, tensor.c, piece.tally);
    }
  }
}
