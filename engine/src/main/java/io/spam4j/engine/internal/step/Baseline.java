package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.tensors.DType;
import java.util.List;
import java.util.SequencedMap;

/**
 * An optimizer with an update of its own: state of all weights, in float32, on the CPU.
 *
 * @param layout the state tensors
 * @param types that weights and gradients may have
 * @param seed of rounding at random
 */
public record Baseline(
    String name,
    SequencedMap<String, String> settings,
    StateStore.Layout layout,
    List<DType> types,
    long seed,
    RuleFactory rule,
    Scratch scratch)
    implements Algorithm {
  public Baseline {
    types = List.copyOf(types);
  }

  /** One whose weights and gradients are float32. */
  public static Baseline ofFloats(
      String name,
      SequencedMap<String, String> settings,
      StateStore.FloatLayout state,
      RuleFactory rule,
      Scratch scratch) {
    return new Baseline(name, settings, state.layout(), List.of(DType.F32), 0, rule, scratch);
  }

  @Override
  public List<LinkFactory> ownLinks() {
    return List.of();
  }

  @Override
  public int lineLength() {
    return 1;
  }

  @Override
  public List<DType> gradientTypes() {
    return types;
  }
}
