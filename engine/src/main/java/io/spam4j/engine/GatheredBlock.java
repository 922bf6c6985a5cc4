package io.spam4j.engine;

import io.spam4j.engine.kernel.Operands;
import io.spam4j.engine.kernel.Selected;
import io.spam4j.engine.kernel.Unselected;
import io.spam4j.engine.kernel.UpdateCoefficients;
import io.spam4j.engine.kernel.UpdateTally;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.IndexMask;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One participant's block of selected weights and their gradients, gathered and put back. */
final class GatheredBlock {
  /** Of the buffer for weights; the one for gradients must not lie a multiple of 4096 apart. */
  static final long WEIGHT_BYTES =
      (long) IndexMask.BLOCK * Float.BYTES + Selected.SLACK_BYTES + Staging.APART;

  private final Setup setup;
  private final Recipe recipe;
  private final int participant;
  private final PieceLoader gradients;
  private final PieceLoader unselectedGradients;
  private final int links; // transforms that are done here
  private final UpdateTally uncounted = new UpdateTally(); // for what is counted elsewhere
  private final long[] positions = new long[IndexMask.BLOCK];
  private final MemorySegment weights;
  private MemorySegment gradient = MemorySegment.NULL;
  private int count;

  // The block, whose positions may not be decoded yet.
  private @Nullable IndexMask mask;
  private long block;
  private boolean isDecoded;
  private boolean isPacked; // by the bits of the mask
  private final Operands all = new Operands();
  private final Operands packed = new Operands();

  /**
   * An empty block.
   *
   * @param copiedLinks how many transforms are done while gradients are gathered
   * @param gradients loads blocks
   * @param unselectedGradients loads pieces; without buffers if unselected weights stay
   */
  GatheredBlock(
      Setup setup,
      Recipe recipe,
      int participant,
      int copiedLinks,
      PieceLoader gradients,
      PieceLoader unselectedGradients) {
    this.setup = setup;
    this.recipe = recipe;
    this.participant = participant;
    this.gradients = gradients;
    this.unselectedGradients = unselectedGradients;
    links = copiedLinks;
    weights = setup.arena().allocate(WEIGHT_BYTES, 64).asSlice(Staging.APART);
  }

  /** The gathered weights, from float 0 on. */
  MemorySegment weights() {
    return weights;
  }

  /** Their gradients, from float 0 on. */
  MemorySegment gradient() {
    return gradient;
  }

  /** Gathers a block of a mask and returns how many weights it has. */
  int gather(
      FusedTensor tensor,
      Staging staging,
      IndexMask mask,
      long block,
      Tensor fullGradient,
      UpdateTally tally) {
    this.mask = mask;
    this.block = block;
    StoredWeights from = tensor.weights;
    isPacked =
        links == 0 && mask.width() == 1 && !recipe.movesUnselected() && canPack(from, fullGradient);
    isDecoded = !isPacked;
    if (isPacked) {
      pack(mask, from.memory(), fullGradient.memory());
      return count;
    }
    count = mask.decode(block, positions);
    from.gather(positions, count, weights, halves(from, staging));
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

  private Staging.@Nullable Block halves(StoredWeights stored, Staging staging) {
    return stored.isFloat32() ? null : staging.of(participant);
  }

  private void pack(IndexMask mask, MemorySegment allWeights, MemorySegment allGradients) {
    gradient = gradients.buffer(participant);
    all.weights = allWeights;
    all.gradient = allGradients;
    packed.weights = weights;
    packed.gradient = gradient;
    long from = mask.start(block);
    count = Selected.gather(all, packed, mask.data(), from, end(mask));
  }

  /** Where the block ends, or, if it is the last, the bits of the selection. */
  private long end(IndexMask mask) {
    long bits = Math.min(mask.elements(), mask.data().byteSize() * Byte.SIZE);
    return Math.min(mask.start(block + 1), bits);
  }

  /** Where in its tensor a gathered weight lies. */
  long position(long i) {
    if (!isDecoded) {
      int _ = Objects.requireNonNull(mask).decode(block, positions);
      isDecoded = true;
    }
    return positions[(int) i];
  }

  /** Puts the gathered weights back, after step {@code t}. */
  void scatter(StoredWeights to, Staging staging, long t) {
    if (isPacked) {
      IndexMask by = Objects.requireNonNull(mask);
      long start = by.start(block);
      Selected.scatter(by.data(), start, end(by), weights, to.memory());
      return;
    }
    to.scatter(weights, positions, count, halves(to, staging), block * IndexMask.BLOCK, t);
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
    MemorySegment all = setup.parameters().get(tensor).weights().memory();
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
    for (long start = from; start < to; start += FusedRule.PIECE) {
      long end = Math.min(to, start + FusedRule.PIECE);
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
              recipe.maskedWeightDecay == MaskedWeightDecay.ALL,
              c,
              tally);
    }
    return to;
  }

  /** Whether weights without moments take gradient steps. */
  private boolean descends() {
    return recipe.unselected == UnselectedWeights.SGD;
  }

  private long lastOf(IndexMask mask, long block) {
    int inBlock = mask.decode(block, positions);
    return positions[inBlock - 1];
  }
}
