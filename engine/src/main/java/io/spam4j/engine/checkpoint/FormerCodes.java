package io.spam4j.engine.checkpoint;

import io.spam4j.engine.checkpoint.ExpectedState.TensorType;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.SequencedMap;
import java.util.Set;

/**
 * 8-bit moments of files that are older than the grids of their blocks: each block has a scale of
 * its first moments and one of its second.
 */
final class FormerCodes {
  private static final String GRID = "exp_avg_grid";
  private static final String FIRST_SCALE = "exp_avg_scale";
  private static final String SECOND_SCALE = "exp_avg_sq_scale";

  private FormerCodes() {}

  /**
   * The state of such a parameter with one of its scales beside, where an optimizer has grids: they
   * are as many, and a load makes them of the scales. Other state stays as it is.
   *
   * @param expected the names of the state that an optimizer has
   */
  static ParameterState withGrids(ParameterState saved, Set<String> expected) {
    Tensor first = saved.state().get(FIRST_SCALE);
    Tensor second = saved.state().get(SECOND_SCALE);
    if (!expected.contains(GRID)
        || saved.state().containsKey(GRID)
        || first == null
        || second == null
        || first.dtype() != DType.F32
        || !TensorType.of(first).equals(TensorType.of(second))) {
      return saved;
    }
    SequencedMap<String, Tensor> state = new LinkedHashMap<>(saved.state());
    state.put(GRID, second);
    return new ParameterState(
        saved.name(),
        saved.shape(),
        saved.hyperparameters(),
        saved.counters(),
        state,
        saved.mask(),
        saved.scalars());
  }

  /** The names of a state, but for scales that grids are made of. */
  static Set<String> names(ParameterState saved) {
    Set<String> names = new LinkedHashSet<>(saved.state().keySet());
    if (names.contains(GRID) && saved.state().get(GRID) == saved.state().get(SECOND_SCALE)) {
      names.remove(FIRST_SCALE);
      names.remove(SECOND_SCALE);
    }
    return names;
  }
}
