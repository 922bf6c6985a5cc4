package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateLoop;
import io.spam4j.engine.internal.kernel.UpdateLoops;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Selected lines of weights, updated where they and their gradients lie: nothing is gathered. What
 * is not float32 outside the heap, and single weights, is left to another form; so is all while the
 * loop is not compiled.
 */
final class LinesForm extends PieceForm {
  private final SparseMoments sparse;
  private final SelectedForm otherwise;
  private final Numbers[] numbers; // of each participant

  LinesForm(RuleParts parts, SparseMoments sparse, SelectedForm otherwise) {
    this.sparse = sparse;
    this.otherwise = otherwise;
    numbers = new Numbers[sparse.any() ? parts.threads() : 0];
    Arrays.setAll(numbers, _ -> new Numbers());
  }

  /** The numbers of the lines of a block; pieces that follow each other may be parts of one. */
  private static final class Numbers {
    final long[] numbers = new long[IndexMask.BLOCK];
    private @Nullable IndexMask of;
    private long block;

    void decode(IndexMask lines, long wanted) {
      if (of != lines || block != wanted) {
        int _ = lines.decode(wanted, numbers);
        of = lines;
        block = wanted;
      }
    }
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    IndexMask mask = Objects.requireNonNull(sparse.mask(tensor.index));
    int line = mask.lineLength();
    UpdateLoop loop =
        line > 1 && isFloat32(tensor, piece.gradient)
            ? UpdateLoops.ofLines(Settings.of(tensor.c), line).get()
            : null;
    if (loop == null) {
      otherwise.update(tensor, piece);
    } else {
      updateLines(loop, tensor, piece, mask);
    }
  }

  private static boolean isFloat32(FusedTensor tensor, Tensor gradient) {
    return !tensor.weights.isStaged()
        && tensor.moments.form() == DType.F32
        && !tensor.moments.isStaged()
        && gradient.dtype() == DType.F32
        && gradient.memory().isNative();
  }

  private void updateLines(UpdateLoop loop, FusedTensor tensor, PieceAtWork piece, IndexMask mask) {
    int line = mask.lineLength();
    Operands o = piece.operands;
    UpdateTally tally = piece.tally;
    Numbers of = numbers[piece.participant];
    long weightsOfBlock = (long) IndexMask.BLOCK * line;
    piece.takeAll(tensor, piece.from);
    o.lines = of.numbers;
    for (long from = piece.from, to; from < piece.to; from = to) {
      long block = from / weightsOfBlock;
      to = Math.min(piece.to, (block + 1) * weightsOfBlock);
      of.decode(mask.lines(), block);
      o.firstLine = block * IndexMask.BLOCK;
      long largestBefore = tally.largestAt;
      tally.largestAt = UpdateTally.NOWHERE;
      FusedUpdate.applyLines(loop, o, line, from, to, tensor.c, tally);
      long raisedAt = tally.largestAt;
      tally.largestAt =
          raisedAt == UpdateTally.NOWHERE
              ? largestBefore
              : of.numbers[(int) (raisedAt / line - o.firstLine)] * line + raisedAt % line;
    }
  }
}
