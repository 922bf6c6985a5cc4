package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.tensors.DType;
import java.util.List;
import java.util.SequencedMap;

/**
 * An optimizer with an update of its own: float32 throughout, state of all weights, on the CPU.
 *
 * @param state the names and shapes of the state tensors
 */
public record Baseline(
    String name,
    SequencedMap<String, String> settings,
    StateStore.FloatLayout state,
    RuleFactory rule,
    Scratch scratch)
    implements Algorithm {
  @Override
  public StateStore.Layout layout() {
    return state.layout();
  }

  @Override
  public List<LinkFactory> ownLinks() {
    return List.of();
  }

  @Override
  public long seed() {
    return 0;
  }

  @Override
  public int lineLength() {
    return 1;
  }

  @Override
  public List<DType> gradientTypes() {
    return List.of(DType.F32);
  }
}
