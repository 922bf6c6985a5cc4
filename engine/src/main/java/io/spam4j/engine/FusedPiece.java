package io.spam4j.engine;

import io.spam4j.engine.kernel.Amsgrad;
import io.spam4j.engine.kernel.GaussianClip;
import io.spam4j.engine.kernel.Operands;
import io.spam4j.engine.kernel.Update;
import io.spam4j.engine.kernel.UpdateTally;
import io.spam4j.tensors.IndexMask;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One participant's part of the fused update: a piece of a tensor at a time, each stream where it
 * lies, or, if it has another format than float32 or lies on the heap, in blocks of {@link
 * Staging}.
 */
final class FusedPiece {
  private final SparseMoments sparse;
  private final @Nullable PieceLoader copies;
  private final int copiedLinks;
  private final Staging staging;
  private final int participant;
  private final Operands o = new Operands();

  /**
   * The part of one participant.
   *
   * @param copies transforms gradients; null if the kernel does so itself
   * @param copiedLinks transforms that are done in copies; none, or all
   */
  FusedPiece(
      SparseMoments sparse,
      @Nullable PieceLoader copies,
      int copiedLinks,
      Staging staging,
      int participant) {
    this.sparse = sparse;
    this.copies = copies;
    this.copiedLinks = copiedLinks;
    this.staging = staging;
    this.participant = participant;
  }

  /** Does step {@code t} for the moments {@code [from, to)} of a tensor and their weights. */
  void update(FusedTensor tensor, Tensor gradient, long from, long to, long t, UpdateTally tally) {
    IndexMask mask = sparse.mask(tensor.index);
    if (mask != null) {
      updateSelected(tensor, mask, gradient, from, to, t, tally);
    } else {
      updateDense(tensor, gradient, from, to, t, tally);
    }
  }

  private void updateDense(
      FusedTensor tensor, Tensor gradient, long from, long to, long t, UpdateTally tally) {
    boolean stagesGradient = copies == null && Staging.isStaged(gradient);
    o.gradient =
        copies == null
            ? gradient.memory()
            : copies.load(gradient, tensor.index, from, to, copiedLinks, tally, participant);
    o.gradientShift = copies == null ? 0 : -from;
    clipDeviations(tensor, from, to, tally);
    StoredWeights weights = tensor.weights;
    o.weights = weights.memory();
    o.weightShift = 0;
    if (!(stagesGradient || weights.isStaged() || tensor.moments.isStaged())) {
      apply(tensor, from, to, t, tally);
      return;
    }
    Staging.Block block = staging.of(participant);
    for (long start = from; start < to; start += Staging.BLOCK) {
      long count = Math.min(to - start, Staging.BLOCK);
      if (stagesGradient) {
        PieceLoader.copy(gradient, start, count, block.gradient());
        o.gradient = block.gradient();
        o.gradientShift = -start;
      }
      if (weights.isStaged()) {
        weights.load(start, count, block.weights());
        o.weights = block.weights();
        o.weightShift = -start;
      }
      apply(tensor, start, start + count, t, tally);
      if (weights.isStaged()) {
        weights.store(block.weights(), start, count, t);
      }
    }
  }

  /** A piece of a tensor of which only some weights have moments, a block of the mask at a time. */
  private void updateSelected(
      FusedTensor tensor,
      IndexMask mask,
      Tensor gradient,
      long from,
      long to,
      long t,
      UpdateTally tally) {
    GatheredBlock work = sparse.workspace(participant);
    for (long start = from; start < to; start += IndexMask.BLOCK) {
      long block = start / IndexMask.BLOCK;
      int count = work.gather(tensor, staging, mask, block, gradient, tally);
      o.weights = work.weights();
      o.weightShift = -start;
      o.gradient = work.gradient();
      o.gradientShift = -start;
      long largestBefore = tally.largestAt;
      tally.largestAt = UpdateTally.NOWHERE;
      clipDeviations(tensor, start, start + count, tally);
      apply(tensor, start, start + count, t, tally);
      boolean raised = tally.largestAt != UpdateTally.NOWHERE;
      tally.largestAt = raised ? work.position(tally.largestAt - start) : largestBefore;
      work.scatter(tensor.weights, staging, t);
    }
    if (sparse.movesUnselected(tensor.index)) {
      work.moveUnselected(tensor.index, mask, from, to, gradient, tensor.c, tally);
    }
  }

  /** Clips a transformed gradient in its copy, which begins with element {@code from}. */
  private void clipDeviations(FusedTensor tensor, long from, long to, UpdateTally tally) {
    MemorySegment mean = tensor.moments.mean;
    MemorySegment variance = tensor.moments.variance;
    if (mean != null && variance != null) {
      GaussianClip.apply(o.gradient, mean, variance, from, to, tensor.c, tally);
    }
  }

  /** Updates elements, of which there are at most a block if the moments are staged. */
  private void apply(FusedTensor tensor, long from, long to, long t, UpdateTally tally) {
    StoredMoments moments = tensor.moments;
    if (moments.isStaged()) {
      applyStaged(tensor, from, to - from, t, tally);
      return;
    }
    o.firstMoment = moments.first;
    o.secondMoment = moments.second;
    Update.apply(o, from, to, tensor.c, tally);
    MemorySegment largest = moments.largest;
    if (largest != null) {
      Amsgrad.apply(o, largest, from, to, tensor.c);
    }
  }

  private void applyStaged(FusedTensor tensor, long from, long count, long t, UpdateTally tally) {
    Staging.Block block = staging.of(participant);
    tensor.moments.load(from, count, block.first(), block.second());
    o.firstMoment = block.first();
    o.secondMoment = block.second();
    o.weightShift += from;
    o.gradientShift += from;
    long largestBefore = tally.largestAt;
    tally.largestAt = UpdateTally.NOWHERE;
    Update.apply(o, 0, count, tensor.c, tally);
    boolean raised = tally.largestAt != UpdateTally.NOWHERE;
    tally.largestAt = raised ? from + tally.largestAt : largestBefore;
    o.weightShift -= from;
    o.gradientShift -= from;
    tensor.moments.store(block.first(), block.second(), from, count, t);
  }
}
