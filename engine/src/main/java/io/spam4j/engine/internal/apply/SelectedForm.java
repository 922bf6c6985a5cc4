package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.pack.Selected;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.state.StoredWeights;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Selected weights, which alone have moments: they and their gradients are gathered, some blocks of
 * the mask at a time, updated as a small dense tensor, and put back.
 */
final class SelectedForm extends PieceForm {
  private final SparseMoments sparse;
  private final GradientCopies gradients; // of blocks
  private final int links; // transforms that are done in them
  private final boolean mayPack;
  private final boolean countsCopied; // not if the others descend: then their pieces count all
  private final SelectedBlock[] blocks; // of each participant
  private final UpdateTally[] uncounted; // of each participant
  private final UnselectedPieces[] unselected; // of each participant; none if they stay

  /**
   * The form of the tensors that are sparse, if there are any.
   *
   * @param copiedLinks how many transforms are done while gradients are gathered
   */
  SelectedForm(RuleParts parts, AdamSettings adam, SparseMoments sparse, int copiedLinks) {
    this.sparse = sparse;
    links = copiedLinks;
    mayPack = copiedLinks == 0 && !adam.movesUnselected();
    countsCopied = adam.unselected != UnselectedWeights.SGD;
    int threads = sparse.any() ? parts.threads() : 0;
    gradients = parts.chain().loader(SelectedBlock.ROOM, parts.arena(), threads);
    blocks = new SelectedBlock[threads];
    Arrays.setAll(blocks, _ -> new SelectedBlock(parts.arena()));
    uncounted = new UpdateTally[threads];
    Arrays.setAll(uncounted, _ -> new UpdateTally());
    unselected = new UnselectedPieces[adam.movesUnselected() ? threads : 0];
    GradientCopies all = parts.chain().loader(WorkPlan.UNIT, parts.arena(), unselected.length);
    Arrays.setAll(unselected, _ -> new UnselectedPieces(adam, all, copiedLinks));
  }

  /** The bytes of working memory that are allocated if any tensor is sparse. */
  static long scratchBytes(AdamSettings adam, int threads) {
    long blocks =
        threads * SelectedBlock.WEIGHT_BYTES + GradientCopies.bytes(SelectedBlock.ROOM, threads);
    return blocks + (adam.movesUnselected() ? GradientCopies.bytes(WorkPlan.UNIT, threads) : 0);
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    IndexMask mask = mask(tensor);
    SelectedBlock block = blocks[piece.participant];
    for (long start = piece.from; start < piece.to; start += block.count) {
      gather(tensor, piece, mask, start, block);
      piece.setWeights(block.weights, start);
      piece.setGradient(block.gradient, start);
      clipDeviations(tensor, piece, start, start + block.count);
      piece.operands.givesChanges = block.takesChanges;
      updateMoments(tensor, piece, start, start + block.count);
      piece.operands.givesChanges = false;
      scatter(tensor, piece, mask, block);
    }
    if (unselected.length > 0) {
      unselected[piece.participant].move(tensor, mask, piece);
    }
  }

  /** There is one: a selection that waits for its first gradient gets it beforehand. */
  private IndexMask mask(FusedTensor tensor) {
    return Objects.requireNonNull(sparse.mask(tensor.index));
  }

  @Override
  long position(FusedTensor tensor, PieceAtWork piece, long element) {
    return blocks[piece.participant].position(mask(tensor), element - piece.weightsFrom);
  }

  /** Fills a block with the selected weights of a piece from {@code start} on. */
  private void gather(
      FusedTensor tensor, PieceAtWork piece, IndexMask mask, long start, SelectedBlock block) {
    StoredWeights weights = tensor.weights;
    boolean packs = mayPack && hasBits(mask) && canPack(weights, piece.gradient);
    // Of two NaNs an addition may leave either: then weights are gathered, and written as they are.
    boolean changes = packs && tensor.c.onlyAdds() && tensor.c.skipsNonFinite;
    block.begin(start, piece.to, packs, changes);
    if (packs) {
      block.gradient = gradients.buffer(piece.participant);
      block.count = pack(mask, block, piece.gradient.memory(), block.gradient);
      if (!block.takesChanges) {
        int _ = pack(mask, block, weights.memory(), block.weights);
      }
      return;
    }
    long[] positions = block.decode(mask);
    weights.gather(positions, block.count, block.weights, halves(weights, piece));
    block.gradient =
        gradients.gather(
            piece.gradient,
            tensor.index,
            positions,
            block.count,
            links,
            countsCopied ? piece.tally : uncounted[piece.participant],
            piece.participant);
  }

  /** Whether the data of a mask are a bit for each weight. */
  private static boolean hasBits(IndexMask mask) {
    return mask.lineLength() == 1 && mask.width() == 1;
  }

  private static boolean canPack(StoredWeights weights, Tensor gradient) {
    return weights.isFloat32()
        && gradient.dtype() == DType.F32
        && Selected.canPack(weights.memory(), gradient.memory());
  }

  private static int pack(
      IndexMask mask, SelectedBlock block, MemorySegment all, MemorySegment to) {
    return Selected.gather(mask.data(), block.start(mask), block.end(mask), all, to);
  }

  private static @Nullable StagedBlock halves(StoredWeights weights, PieceAtWork piece) {
    return weights.isFloat32() ? null : piece.block();
  }

  /** Puts the weights of a block back. */
  private static void scatter(
      FusedTensor tensor, PieceAtWork piece, IndexMask mask, SelectedBlock block) {
    StoredWeights weights = tensor.weights;
    if (!block.isPacked) {
      weights.scatter(
          block.weights,
          block.positions(),
          block.count,
          halves(weights, piece),
          block.first(),
          piece.t);
    } else if (block.takesChanges) {
      Selected.add(
          mask.data(), block.start(mask), block.end(mask), block.weights, weights.memory());
    } else {
      Selected.scatter(
          mask.data(), block.start(mask), block.end(mask), block.weights, weights.memory());
    }
  }
}
