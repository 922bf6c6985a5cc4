package io.spam4j.engine.internal.state;

import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** The state tensors of Adam's family, in each {@link StoredMoments.Format}. */
public final class MomentLayout implements StateStore.Layout {
  private final AdamSettings adam;

  public MomentLayout(AdamSettings adam) {
    this.adam = adam;
  }

  @Override
  public SequencedMap<String, StateShape> of(
      String parameter, DType weights, long[] shape, long[] moments) {
    SequencedMap<String, StateShape> tensors = new LinkedHashMap<>();
    StoredMoments.Format format = StoredMoments.Format.of(adam.moments);
    for (String name : adam.state()) {
      DType type = name.equals(StateNames.FIRST) ? format.first() : format.second();
      tensors.put(name, StateShape.of(type, moments));
    }
    if (format.block() > 0) {
      long blocks = Math.ceilDiv(Tensor.elements(moments), format.block());
      tensors.put(StateNames.GRID, StateShape.of(DType.F32, blocks));
    }
    if (keepsLow(adam.weightRounding, weights)) {
      tensors.put(StateNames.LOW, StateShape.ofWeights(DType.I16, shape));
    }
    return tensors;
  }

  /** Whether weights of a type have their low halves in the state. */
  static boolean keepsLow(WeightRounding rounding, DType weights) {
    return weights == DType.BF16 && rounding == WeightRounding.EXACT;
  }
}
