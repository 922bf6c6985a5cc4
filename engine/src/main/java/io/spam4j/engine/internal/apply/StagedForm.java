package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.UpdateForm;
import io.spam4j.engine.internal.kernel.UpdateLoops;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.step.Staging;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Streams that are float32 outside the heap are updated as they lie, the others in float32 copies,
 * some blocks of {@link Staging} one after the other.
 */
final class StagedForm extends PieceForm {
  private final Map<UpdateForm, PieceForm> withLoops = new ConcurrentHashMap<>();

  /** The form of all tensors that such a loop updates; what the loop leaves is updated here. */
  PieceForm withLoop(UpdateForm ofLoop, boolean codes) {
    return withLoops.computeIfAbsent(
        ofLoop,
        _ -> {
          WarmLoop loop = UpdateLoops.of(ofLoop);
          return codes ? new CodedForm(loop, this) : new DirectForm(loop, this);
        });
  }

  @Override
  void update(FusedTensor tensor, PieceAtWork piece) {
    update(tensor, piece, piece.from, piece.to);
  }

  /** The same while the vector loop is not compiled: by scalar code, in short calls. */
  void updateCold(FusedTensor tensor, PieceAtWork piece, int most) {
    for (long start = piece.from; start < piece.to; start += most) {
      update(tensor, piece, start, Math.min(piece.to, start + most));
    }
  }

  /** Updates a part of a piece. */
  void update(FusedTensor tensor, PieceAtWork piece, long from, long to) {
    long most = Staging.isStaged(piece.gradient) ? StagedBlock.BLOCK : to - from;
    for (long start = from; start < to; start += most) {
      long end = Math.min(to, start + most);
      piece.loadGradient(start, end);
      updateWeights(tensor, piece, start, end);
    }
  }
}
