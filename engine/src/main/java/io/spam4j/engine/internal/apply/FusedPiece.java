package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.Amsgrad;
import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.GaussianClip;
import io.spam4j.engine.internal.kernel.LargestRatio;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateLoop;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.state.StoredMoments;
import io.spam4j.engine.internal.state.StoredWeights;
import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Int8Blocks;
import io.spam4j.tensors.internal.simd.RoundingBits;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One participant's part of the fused update: a piece of a tensor at a time. Dense streams outside
 * the heap are updated where they lie, in whatever format, by the vector loop that their tensor
 * chose; what that leaves, selected weights and streams on the heap go through float32 copies in
 * blocks of {@link Staging}.
 */
final class FusedPiece {
  /** Moments that are decoded before they are encoded again: both fit in the first-level cache. */
  private static final int CODES_AT_ONCE = 8 * Int8Blocks.BLOCK;

  private final SparseMoments sparse;
  private final @Nullable GradientCopies copies;
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
      @Nullable GradientCopies copies,
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
      return;
    }
    UpdateLoop loop = copies == null ? tensor.loop() : null;
    if (loop == null) {
      updateDense(tensor, gradient, from, to, t, tally);
    } else {
      updateDirectly(loop, tensor, gradient, from, to, t, tally);
    }
  }

  /** Where vectors read and write what is stored; what they leave goes through float32 copies. */
  private void updateDirectly(
      UpdateLoop loop,
      FusedTensor tensor,
      Tensor gradient,
      long from,
      long to,
      long t,
      UpdateTally tally) {
    if (tensor.moments.isCodes()) {
      for (long start = from; start < to; start += CODES_AT_ONCE) {
        updateCodes(loop, tensor, gradient, start, Math.min(to, start + CODES_AT_ONCE), t, tally);
      }
      return;
    }
    long end = to - (to - from) % loop.length();
    if (tally.largestRatio == 0 && tensor.isFloat32() && gradient.dtype() == DType.F32) {
      describe(tensor, gradient, from, t);
      LargestRatio.find(o, from, Math.min(end, from + LargestRatio.MOST), tensor.c, tally);
    }
    for (long i = from; i < end; ) {
      describe(tensor, gradient, i, t);
      i = loop.run(o, i, end, tensor.c, tally);
      if (i < end) {
        updateLeft(tensor, gradient, i, i + loop.length(), t, tally);
        i += loop.length();
      }
    }
    if (end < to) {
      updateLeft(tensor, gradient, end, to, t, tally);
    }
  }

  /** What a vector loop has left: something unusual, or less than a vector. */
  private void updateLeft(
      FusedTensor tensor, Tensor gradient, long from, long to, long t, UpdateTally tally) {
    if (tensor.isFloat32() && gradient.dtype() == DType.F32) {
      describe(tensor, gradient, from, t);
      FusedUpdate.applyOneByOne(o, from, to, tensor.c, tally);
    } else {
      updateDense(tensor, gradient, from, to, t, tally);
    }
  }

  private void describe(FusedTensor tensor, Tensor gradient, long from, long t) {
    tensor.weights.describe(o);
    tensor.moments.describe(o);
    o.gradient = gradient.memory();
    o.weightShift = 0;
    o.gradientShift = 0;
    o.mixedKey = RoundingBits.mixedKey(tensor.key.at(t), from);
  }

  /** Blocks of 8-bit codes: decoded while they are updated, encoded when their scales are known. */
  private void updateCodes(
      UpdateLoop loop,
      FusedTensor tensor,
      Tensor gradient,
      long from,
      long to,
      long t,
      UpdateTally tally) {
    StagedBlock block = staging.of(participant);
    long end = to - (to - from) % loop.length();
    for (long i = from; i < to; ) {
      if (i < end) {
        describe(tensor, gradient, i, t);
        o.firstOut = block.first();
        o.secondOut = block.second();
        o.outShift = -from;
        i = loop.run(o, i, end, tensor.c, tally);
      }
      if (i < to) {
        long next = i < end ? i + loop.length() : to;
        tensor.moments.loadPart(i, next - i, block.first(), block.second(), i - from);
        updateFloats(tensor, gradient, block, from, i, next, t, tally);
        i = next;
      }
    }
    tensor.moments.store(block.first(), block.second(), from, to - from, t);
  }

  /**
   * Elements whose moments are decoded already, those from {@code base} on to the buffers' start.
   */
  private void updateFloats(
      FusedTensor tensor,
      Tensor gradient,
      StagedBlock block,
      long base,
      long from,
      long to,
      long t,
      UpdateTally tally) {
    o.weights = tensor.weights.memory();
    o.weightShift = base;
    if (tensor.weights.isStaged()) {
      tensor.weights.load(from, to - from, block.weights());
      o.weights = block.weights();
      o.weightShift = base - from;
    }
    o.gradient = gradient.memory();
    o.gradientShift = base;
    if (Staging.isStaged(gradient)) {
      Float32Copy.copy(gradient, from, to - from, block.gradient());
      o.gradient = block.gradient();
      o.gradientShift = base - from;
    }
    o.firstMoment = block.first();
    o.secondMoment = block.second();
    applyShifted(tensor, base, from - base, to - base, tally);
    if (tensor.weights.isStaged()) {
      tensor.weights.store(block.weights(), from, to - from, t);
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
    StagedBlock block = staging.of(participant);
    for (long start = from; start < to; start += StagedBlock.BLOCK) {
      long count = Math.min(to - start, StagedBlock.BLOCK);
      if (stagesGradient) {
        Float32Copy.copy(gradient, start, count, block.gradient());
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

  /**
   * A piece of a tensor of which only some weights have moments, some blocks of the mask a time.
   */
  private void updateSelected(
      FusedTensor tensor,
      IndexMask mask,
      Tensor gradient,
      long from,
      long to,
      long t,
      UpdateTally tally) {
    GatheredBlock work = sparse.workspace(participant);
    for (long start = from; start < to; ) {
      int count = work.gather(tensor, staging, mask, start, to, gradient, tally);
      o.weights = work.weights();
      o.weightShift = -start;
      o.gradient = work.gradient();
      o.gradientShift = -start;
      long largestBefore = tally.largestAt;
      tally.largestAt = UpdateTally.NOWHERE;
      clipDeviations(tensor, start, start + count, tally);
      o.givesChanges = work.takesChanges();
      apply(tensor, start, start + count, t, tally);
      o.givesChanges = false;
      boolean raised = tally.largestAt != UpdateTally.NOWHERE;
      tally.largestAt = raised ? work.position(tally.largestAt - start) : largestBefore;
      work.scatter(tensor.weights, staging, t);
      start += count;
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

  private void apply(FusedTensor tensor, long from, long to, long t, UpdateTally tally) {
    StoredMoments moments = tensor.moments;
    if (moments.isStaged()) {
      for (long start = from; start < to; start += StagedBlock.BLOCK) {
        applyStaged(tensor, start, Math.min(to - start, StagedBlock.BLOCK), t, tally);
      }
      return;
    }
    o.firstMoment = moments.first;
    o.secondMoment = moments.second;
    FusedUpdate.apply(o, from, to, tensor.c, tally);
    MemorySegment largest = moments.largest;
    if (largest != null) {
      Amsgrad.apply(o, largest, from, to, tensor.c);
    }
  }

  private void applyStaged(FusedTensor tensor, long from, long count, long t, UpdateTally tally) {
    StagedBlock block = staging.of(participant);
    tensor.moments.load(from, count, block.first(), block.second());
    o.firstMoment = block.first();
    o.secondMoment = block.second();
    o.weightShift += from;
    o.gradientShift += from;
    applyShifted(tensor, from, 0, count, tally);
    o.weightShift -= from;
    o.gradientShift -= from;
    tensor.moments.store(block.first(), block.second(), from, count, t);
  }

  /** Updates elements that are counted from {@code base} on. */
  private void applyShifted(FusedTensor tensor, long base, long from, long to, UpdateTally tally) {
    long largestBefore = tally.largestAt;
    tally.largestAt = UpdateTally.NOWHERE;
    FusedUpdate.apply(o, from, to, tensor.c, tally);
    boolean raised = tally.largestAt != UpdateTally.NOWHERE;
    tally.largestAt = raised ? base + tally.largestAt : largestBefore;
  }
}
