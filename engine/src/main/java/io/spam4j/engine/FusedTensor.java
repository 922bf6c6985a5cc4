package io.spam4j.engine;

import io.spam4j.engine.kernel.UpdateCoefficients;
import io.spam4j.engine.kernel.UpdateForm.Moments;
import io.spam4j.engine.kernel.UpdateForm.Weights;
import io.spam4j.engine.kernel.UpdateLoop;
import io.spam4j.engine.kernel.UpdateLoops;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** One tensor of the fused update: what is decided of it, and where weights and moments lie. */
final class FusedTensor {
  final int index;
  final UpdateCoefficients c = new UpdateCoefficients();
  final StoredWeights weights;
  StoredMoments moments; // elsewhere when a selection changes
  final RoundingKey key;
  private final @Nullable UpdateLoops loops; // null if the update needs copies of what is stored
  private final MomentFormat format;

  FusedTensor(int index, Parameter parameter, Recipe recipe, SequencedMap<String, Tensor> state) {
    this.index = index;
    key = new RoundingKey(recipe.seed, parameter.name());
    weights = new StoredWeights(parameter, recipe, key, state.get(MomentLayout.LOW));
    format = recipe.moments;
    moments = new StoredMoments(format, key, state);
    loops = loops(weights.form(), moments.form());
  }

  private static @Nullable UpdateLoops loops(@Nullable Weights weights, @Nullable Moments moments) {
    return weights != null && moments != null && UpdateLoops.exist(moments)
        ? UpdateLoops.of(weights, moments)
        : null;
  }

  /** Takes other state for its own. */
  void readState(SequencedMap<String, Tensor> state) {
    moments = new StoredMoments(format, key, state);
  }

  /** The vector loop that updates all streams where they lie; null if it needs copies. */
  @Nullable UpdateLoop loop(Tensor gradient) {
    return loops != null && gradient.memory().isNative()
        ? loops.of(gradient.dtype() == DType.BF16, c)
        : null;
  }

  /** The bytes that an update reads and writes: the gradient, and weights and state twice. */
  long bytes(Tensor gradient, long updated) {
    return updated * (gradient.dtype().bytes(1) + 2L * weights.bytesEach()) + 2 * moments.bytes();
  }
}
