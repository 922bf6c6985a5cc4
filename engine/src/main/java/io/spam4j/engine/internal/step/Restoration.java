package io.spam4j.engine.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.checkpoint.TrainingState;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** Brings the parts of an optimizer to the state of a checkpoint that fits it. */
final class Restoration {
  private static final System.Logger LOG = System.getLogger("io.spam4j.checkpoint");

  private final List<Parameter> parameters;
  private final UpdateRule rule;
  private final TransformChain chain;
  private final StepState step;

  Restoration(List<Parameter> parameters, UpdateRule rule, TransformChain chain, StepState step) {
    this.parameters = parameters;
    this.rule = rule;
    this.chain = chain;
    this.step = step;
  }

  /**
   * Goes on from a run. What can fail comes first and changes nothing.
   *
   * @param sources what each parameter goes on from; null for one that starts afresh
   * @param hasWeights whether its weights are loaded too
   */
  void restore(TrainingState saved, List<@Nullable ParameterState> sources, boolean hasWeights) {
    try {
      rule.prepareRestore(sources);
    } catch (RuntimeException | Error e) {
      rule.discardRestore();
      throw e;
    }
    step.restore(StepState.Snapshot.of(saved, sources));
    for (int i = 0; i < sources.size(); i++) {
      ParameterState source = sources.get(i);
      restoreState(i, source);
      Map<String, Double> scalars = source == null ? Map.of() : source.scalars();
      Map<String, Double> ofRule = new LinkedHashMap<>();
      rule.restoreScalars(i, scalars);
      rule.addScalars(i, ofRule);
      chain.restoreScalars(i, scalars, ofRule.keySet());
      if (hasWeights && source != null) {
        MemorySegment weights = Objects.requireNonNull(saved.weights().get(source.name())).memory();
        parameters.get(i).weights().memory().copyFrom(weights);
      }
    }
    rule.commitRestore();
  }

  private void restoreState(int tensor, @Nullable ParameterState source) {
    SequencedMap<String, Tensor> targets = rule.restoreTarget(tensor);
    for (Map.Entry<String, Tensor> target : targets.entrySet()) {
      Tensor saved = source == null ? null : source.state().get(target.getKey());
      MemorySegment memory = target.getValue().memory();
      if (saved == null) {
        memory.fill((byte) 0);
      } else if (saved.dtype() == target.getValue().dtype()) {
        memory.copyFrom(saved.memory());
      } else {
        String name = parameters.get(tensor).name();
        LOG.log(
            Level.INFO,
            "state rounded to %s: parameter=%s, state=%s, saved=%s"
                .formatted(target.getValue().dtype(), name, target.getKey(), saved.dtype()));
        round(saved, target.getValue());
      }
    }
  }

  /** Rounds to nearest, ties to even. */
  private static void round(Tensor from, Tensor target) {
    MemorySegment to = target.memory();
    MemorySegment one = MemorySegment.ofArray(new float[1]);
    MemorySegment source = from.memory();
    for (long i = 0; i < from.elements(); i++) {
      float value = // a double that is no float may be rounded twice
          switch (from.dtype()) {
            case F64 -> (float) source.get(JAVA_DOUBLE_UNALIGNED, i * Double.BYTES);
            case F32 -> source.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
            case F16 -> Float.float16ToFloat(source.get(JAVA_SHORT_UNALIGNED, i * Short.BYTES));
            case BF16 ->
                Float.intBitsToFloat(source.get(JAVA_SHORT_UNALIGNED, i * Short.BYTES) << 16);
            default -> throw new IllegalArgumentException("no conversion: dtype=" + from.dtype());
          };
      if (target.dtype() == DType.BF16) {
        one.set(JAVA_FLOAT_UNALIGNED, 0, value);
        Bfloat16.encodeNearest(one, 0, to, i, 1);
      } else {
        to.set(JAVA_FLOAT_UNALIGNED, i * Float.BYTES, value);
      }
    }
  }
}
