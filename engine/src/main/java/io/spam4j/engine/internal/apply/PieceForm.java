package io.spam4j.engine.internal.apply;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.Amsgrad;
import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.GaussianClip;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.state.StoredMoments;
import java.lang.foreign.MemorySegment;

/**
 * How pieces of a tensor are updated: on streams as they lie, or on copies of some of them. One
 * serves all participants. Updates of float32 get their operands from the outside in: first the
 * gradient, then weights, then moments.
 */
abstract sealed class PieceForm
    permits DirectForm, CodedForm, StagedForm, CopiedForm, SelectedForm, LinesForm, EmulatedForm {

  /** Updates the moments of a piece, and their weights. */
  abstract void update(FusedTensor tensor, PieceAtWork piece);

  /** Clips a gradient that has been copied, from element {@code from} on. */
  static void clipDeviations(FusedTensor tensor, PieceAtWork piece, long from, long to) {
    MemorySegment mean = tensor.moments.mean;
    MemorySegment variance = tensor.moments.variance;
    if (mean != null && variance != null) {
      MemorySegment gradient = piece.operands.gradient;
      GaussianClip.apply(gradient, mean, variance, from, to, tensor.c, piece.tally);
      if (!tensor.c.skipsNonFinite) {
        QuietNaN.in(mean, from, to);
        QuietNaN.in(variance, from, to);
      }
    }
  }

  /** Updates elements of which the gradient is an operand. */
  final void updateWeights(FusedTensor tensor, PieceAtWork piece, long from, long to) {
    long most = tensor.weights.isStaged() ? StagedBlock.BLOCK : to - from;
    for (long start = from; start < to; start += most) {
      long end = Math.min(to, start + most);
      piece.loadWeights(tensor.weights, start, end);
      updateMoments(tensor, piece, start, end);
      piece.storeWeights(tensor.weights, start, end);
    }
  }

  /** Updates elements of which gradient and weights are operands. */
  final void updateMoments(FusedTensor tensor, PieceAtWork piece, long from, long to) {
    StoredMoments moments = tensor.moments;
    if (!moments.isStaged()) {
      piece.setMoments(moments.first, moments.second, 0);
      updateFloats(tensor, piece, from, to);
      return;
    }
    StagedBlock block = piece.block();
    for (long start = from; start < to; start += StagedBlock.BLOCK) {
      long end = Math.min(to, start + StagedBlock.BLOCK);
      moments.load(start, end - start, block.first(), block.second());
      piece.setMoments(block.first(), block.second(), start);
      updateFloats(tensor, piece, start, end);
      moments.store(block.first(), block.second(), start, end - start, piece.t);
    }
  }

  /** Makes every NaN the same that a loop has left in a piece, where it lies. */
  static void quiet(FusedTensor tensor, PieceAtWork piece) {
    if (!tensor.c.skipsNonFinite) {
      tensor.weights.quiet(piece.from, piece.to);
      tensor.moments.quiet(piece.from, piece.to);
    }
  }

  /** Updates elements of which all streams are operands. */
  final void updateFloats(FusedTensor tensor, PieceAtWork piece, long from, long to) {
    long base = piece.momentsFrom; // what the kernel counts from
    Operands o = piece.operands;
    o.weightShift = base - piece.weightsFrom;
    o.gradientShift = base - piece.gradientFrom;
    UpdateTally tally = piece.tally;
    long largestBefore = tally.largestAt;
    tally.largestAt = UpdateTally.NOWHERE;
    MemorySegment largest = tensor.moments.largest;
    if (largest != null) { // beside moments that lie where they are
      Amsgrad.apply(o, largest, from, to, tensor.c, tally);
    } else {
      updateOperands(o, from - base, to - base, tensor.c, tally);
      if (!tensor.c.skipsNonFinite) {
        QuietNaN.in(o.weights, from - piece.weightsFrom, to - piece.weightsFrom);
        QuietNaN.in(o.firstMoment, from - base, to - base);
        QuietNaN.in(o.secondMoment, from - base, to - base);
      }
    }
    boolean raised = tally.largestAt != UpdateTally.NOWHERE;
    tally.largestAt = raised ? position(tensor, piece, base + tally.largestAt) : largestBefore;
  }

  /** Updates elements of operands, all of which are float32. */
  void updateOperands(Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    FusedUpdate.apply(o, from, to, c, tally);
  }

  /** Where in its tensor the weight of an element lies that has just been updated. */
  long position(FusedTensor tensor, PieceAtWork piece, long element) {
    return element;
  }
}
