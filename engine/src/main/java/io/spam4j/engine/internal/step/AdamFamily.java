package io.spam4j.engine.internal.step;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.decide.AdamDecision;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import java.util.List;
import java.util.SequencedMap;

/**
 * An optimizer whose update is the fused one. Weights and gradients may be bfloat16, selected
 * weights alone may have moments, and devices can do it.
 *
 * @param adam what it is
 * @param decisions makes what decides its coefficients
 */
public record AdamFamily(
    AdamSettings adam,
    SequencedMap<String, String> settings,
    StateStore.Layout layout,
    List<LinkFactory> ownLinks,
    RuleFactory rule,
    Scratch scratch,
    DecisionFactory decisions)
    implements Algorithm {
  @Override
  public String name() {
    return adam.name;
  }

  @Override
  public long seed() {
    return adam.seed;
  }

  @Override
  public int lineLength() {
    return adam.maskSelection.lineLength();
  }

  @Override
  public List<DType> gradientTypes() {
    return isEmulated() ? List.of(DType.BF16) : List.of(DType.F32, DType.BF16);
  }

  /** Whether every operation is rounded to bfloat16. */
  boolean isEmulated() {
    return adam.moments == MomentFormat.BF16_EMULATED;
  }

  /** Makes what decides the coefficients of each step. */
  @FunctionalInterface
  public interface DecisionFactory {
    AdamDecision of(NonFinitePolicy nonFinite, List<Hyperparameters> hyperparameters);
  }
}
