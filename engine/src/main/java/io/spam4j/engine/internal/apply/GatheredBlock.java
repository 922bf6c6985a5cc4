package io.spam4j.engine.internal.apply;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.kernel.Selected;
import io.spam4j.engine.internal.kernel.Unselected;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.state.StoredWeights;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One participant's selected weights and their gradients, gathered and put back: one block of the
 * mask, or {@value #BLOCKS} where they can be packed by its bits.
 */
final class GatheredBlock {
  /*
   * The gradient, the moments and the weights are read one after the other. Each time the processor
   * needs a while until it fetches ahead; so the stretches are long, though they leave the cache.
   */
  private static final int BLOCKS = 16;

  /** Elements that a buffer for gathered gradients has room for. */
  static final int ROOM = BLOCKS * IndexMask.BLOCK + Selected.SLACK_BYTES / Float.BYTES;

  /** Of the buffer for weights; the one for gradients must not lie a multiple of 4096 apart. */
  static final long WEIGHT_BYTES = (long) ROOM * Float.BYTES + StagedBlock.APART;

  private final RuleParts parts;
  private final AdamSettings adam;
  private final int participant;
  private final GradientCopies gradients;
  private final GradientCopies unselectedGradients;
  private final int links; // transforms that are done here
  private final UpdateTally uncounted = new UpdateTally(); // for what is counted elsewhere
  private final long[] positions = new long[IndexMask.BLOCK];
  private final MemorySegment weights;
  private MemorySegment gradient = MemorySegment.NULL;
  private int count;

  private static final long NO_BLOCK = -1;

  // The blocks; of which one the positions are decoded.
  private @Nullable IndexMask mask;
  private long firstBlock;
  private long endBlock;
  private long decodedBlock = NO_BLOCK;
  private boolean isPacked; // by the bits of the mask
  private boolean takesChanges; // in place of the weights

  /**
   * An empty block.
   *
   * @param copiedLinks how many transforms are done while gradients are gathered
   * @param gradients loads blocks
   * @param unselectedGradients loads pieces; without buffers if unselected weights stay
   */
  GatheredBlock(
      RuleParts parts,
      AdamSettings adam,
      int participant,
      int copiedLinks,
      GradientCopies gradients,
      GradientCopies unselectedGradients) {
    this.parts = parts;
    this.adam = adam;
    this.participant = participant;
    this.gradients = gradients;
    this.unselectedGradients = unselectedGradients;
    links = copiedLinks;
    weights = parts.arena().allocate(WEIGHT_BYTES, 4096).asSlice(StagedBlock.APART);
  }

  /** The gathered weights, from float 0 on. */
  MemorySegment weights() {
    return weights;
  }

  /** Their gradients, from float 0 on. */
  MemorySegment gradient() {
    return gradient;
  }

  /** Whether the weights were not gathered and {@link #weights} is for what changes them. */
  boolean takesChanges() {
    return takesChanges;
  }

  /**
   * Gathers whole blocks of a mask.
   *
   * @param from the first selected weight, which begins a block, counted among the selected ones
   * @param to the end of those that may be gathered
   * @return how many have been gathered, at least one
   */
  int gather(
      FusedTensor tensor,
      Staging staging,
      IndexMask mask,
      long from,
      long to,
      Tensor fullGradient,
      UpdateTally tally) {
    this.mask = mask;
    StoredWeights stored = tensor.weights;
    isPacked =
        links == 0 && mask.width() == 1 && !adam.movesUnselected() && canPack(stored, fullGradient);
    firstBlock = from / IndexMask.BLOCK;
    long blocks = (to - from + IndexMask.BLOCK - 1) / IndexMask.BLOCK;
    endBlock = firstBlock + (isPacked ? Math.min(BLOCKS, blocks) : 1);
    takesChanges = isPacked && tensor.c.onlyAdds();
    if (isPacked) {
      decodedBlock = NO_BLOCK;
      pack(mask, stored.memory(), fullGradient.memory());
      return count;
    }
    decodedBlock = firstBlock;
    count = mask.decode(firstBlock, positions);
    stored.gather(positions, count, weights, halves(stored, staging));
    // If the others descend, their pieces count what the transforms do to all.
    UpdateTally counted = descends() ? uncounted : tally;
    gradient =
        gradients.gather(fullGradient, tensor.index, positions, count, links, counted, participant);
    return count;
  }

  private static boolean canPack(StoredWeights weights, Tensor gradient) {
    return weights.isFloat32()
        && gradient.dtype() == DType.F32
        && Selected.canPack(weights.memory(), gradient.memory());
  }

  private @Nullable StagedBlock halves(StoredWeights stored, Staging staging) {
    return stored.isFloat32() ? null : staging.of(participant);
  }

  private void pack(IndexMask mask, MemorySegment allWeights, MemorySegment allGradients) {
    gradient = gradients.buffer(participant);
    long from = mask.start(firstBlock);
    count = Selected.gather(mask.data(), from, end(mask), allGradients, gradient);
    if (!takesChanges) {
      int _ = Selected.gather(mask.data(), from, end(mask), allWeights, weights);
    }
  }

  /** Where the blocks end, or, if the last is among them, the bits of the selection. */
  private long end(IndexMask mask) {
    long bits = Math.min(mask.elements(), mask.data().byteSize() * Byte.SIZE);
    return Math.min(mask.start(endBlock), bits);
  }

  /** Where in its tensor a gathered weight lies. */
  long position(long i) {
    long block = firstBlock + i / IndexMask.BLOCK;
    if (block != decodedBlock) {
      int _ = Objects.requireNonNull(mask).decode(block, positions);
      decodedBlock = block;
    }
    return positions[(int) (i % IndexMask.BLOCK)];
  }

  /** Puts the gathered weights back, after step {@code t}. */
  void scatter(StoredWeights to, Staging staging, long t) {
    if (isPacked) {
      IndexMask by = Objects.requireNonNull(mask);
      long start = by.start(firstBlock);
      if (takesChanges) {
        Selected.add(by.data(), start, end(by), weights, to.memory());
      } else {
        Selected.scatter(by.data(), start, end(by), weights, to.memory());
      }
      return;
    }
    to.scatter(weights, positions, count, halves(to, staging), firstBlock * IndexMask.BLOCK, t);
  }

  /**
   * Moves the weights that are not selected, from the one behind the last selected before element
   * {@code from} of the packed moments to the last selected before {@code to}, or to the end.
   */
  void moveUnselected(
      int tensor,
      IndexMask mask,
      long from,
      long to,
      Tensor fullGradient,
      UpdateCoefficients c,
      UpdateTally tally) {
    MemorySegment all = parts.parameters().get(tensor).weights().memory();
    long next = from == 0 ? 0 : lastOf(mask, from / IndexMask.BLOCK - 1) + 1;
    for (long block = from / IndexMask.BLOCK; block * IndexMask.BLOCK < to; block++) {
      count = mask.decode(block, positions);
      boolean last = block * IndexMask.BLOCK + count == mask.count();
      long end = last ? mask.elements() : positions[count - 1] + 1;
      next = moveUnselected(tensor, all, next, end, fullGradient, c, tally);
    }
    if (mask.count() == 0) {
      count = 0;
      moveUnselected(tensor, all, 0, mask.elements(), fullGradient, c, tally);
    }
  }

  private long moveUnselected(
      int tensor,
      MemorySegment all,
      long from,
      long to,
      Tensor fullGradient,
      UpdateCoefficients c,
      UpdateTally tally) {
    int selected = 0;
    UpdateTally counted = descends() ? tally : uncounted;
    for (long start = from; start < to; start += WorkPlan.UNIT) {
      long end = Math.min(to, start + WorkPlan.UNIT);
      MemorySegment piece =
          unselectedGradients.load(fullGradient, tensor, start, end, links, counted, participant);
      selected =
          Unselected.apply(
              all,
              piece,
              start,
              end,
              positions,
              selected,
              count,
              descends(),
              adam.maskedWeightDecay == MaskedWeightDecay.ALL,
              c,
              tally);
    }
    return to;
  }

  /** Whether weights without moments take gradient steps. */
  private boolean descends() {
    return adam.unselected == UnselectedWeights.SGD;
  }

  private long lastOf(IndexMask mask, long block) {
    int inBlock = mask.decode(block, positions);
    return positions[inBlock - 1];
  }
}
