package io.spam4j.engine;

import io.spam4j.engine.kernel.UpdateCoefficients;
import io.spam4j.tensors.Tensor;
import java.util.SequencedMap;

/** One tensor of the fused update: what is decided of it, and where weights and moments lie. */
final class FusedTensor {
  final int index;
  final UpdateCoefficients c = new UpdateCoefficients();
  final StoredWeights weights;
  StoredMoments moments; // elsewhere when a selection changes
  private final StoredMoments.Keys keys;
  private final MomentFormat format;

  FusedTensor(int index, Parameter parameter, Recipe recipe, SequencedMap<String, Tensor> state) {
    this.index = index;
    weights = new StoredWeights(parameter, recipe, state.get(MomentLayout.LOW));
    keys = new StoredMoments.Keys(recipe.seed, parameter.name());
    format = recipe.moments;
    moments = new StoredMoments(format, keys, state);
  }

  /** Takes other state for its own. */
  void readState(SequencedMap<String, Tensor> state) {
    moments = new StoredMoments(format, keys, state);
  }

  /** The bytes that an update reads and writes: the gradient, and weights and state twice. */
  long bytes(Tensor gradient, long updated) {
    return updated * (gradient.dtype().bytes(1) + 2L * weights.bytesEach()) + 2 * moments.bytes();
  }
}
