package io.spam4j.engine.internal.state;

import io.spam4j.engine.internal.decide.StateNames;

import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Int8Blocks;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** The state tensors of Adam's family, in each {@link MomentFormat}. */
public final class MomentLayout implements StateStore.Layout {
  private final AdamSettings adam;

  public MomentLayout(AdamSettings adam) {
    this.adam = adam;
  }

  @Override
  public SequencedMap<String, StateShape> of(
      String parameter, DType weights, long[] shape, long[] moments) {
    SequencedMap<String, StateShape> tensors = new LinkedHashMap<>();
    DType first =
        switch (adam.moments) {
          case F32 -> DType.F32;
          case BF16, BF16_EMULATED -> DType.BF16;
          case INT8 -> DType.I8;
        };
    DType second = first == DType.I8 ? DType.U8 : first;
    for (String name : adam.state()) {
      tensors.put(name, StateShape.of(name.equals(StateNames.FIRST) ? first : second, moments));
    }
    if (adam.moments == MomentFormat.INT8) {
      long blocks = Int8Blocks.blockCount(Tensor.elements(moments));
      tensors.put(StateNames.FIRST_SCALE, StateShape.of(DType.F32, blocks));
      tensors.put(StateNames.SECOND_SCALE, StateShape.of(DType.F32, blocks));
    }
    if (keepsLow(adam, weights)) {
      tensors.put(StateNames.LOW, StateShape.ofWeights(DType.I16, shape));
    }
    return tensors;
  }

  /** Whether weights of a type have their low halves in the state. */
  static boolean keepsLow(AdamSettings adam, DType weights) {
    return weights == DType.BF16 && adam.weightRounding == WeightRounding.EXACT;
  }

  /**
   * The shape of a state tensor where so many weights are selected.
   *
   * @param shape of the weights
   */
  public static List<Long> selected(String name, long count, List<Long> shape) {
    return switch (name) {
      case StateNames.LOW -> shape;
      case StateNames.FIRST_SCALE, StateNames.SECOND_SCALE -> List.of(Int8Blocks.blockCount(count));
      default -> List.of(count);
    };
  }
}
