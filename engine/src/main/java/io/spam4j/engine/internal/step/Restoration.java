package io.spam4j.engine.internal.step;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.CheckpointFormatException;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.state.StateCopy;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Brings the parts of an optimizer to the state of a checkpoint that fits it. */
final class Restoration {
  private final List<Parameter> parameters;
  private final UpdateRule rule;
  private final @Nullable SelectiveRule selective; // the same, if it is one
  private final TransformChain chain;
  private final StepState step;

  Restoration(List<Parameter> parameters, UpdateRule rule, TransformChain chain, StepState step) {
    this.parameters = parameters;
    this.rule = rule;
    selective = rule instanceof SelectiveRule some ? some : null;
    this.chain = chain;
    this.step = step;
  }

  /** Goes on from a checkpoint. What can fail comes first and changes nothing. */
  void restore(CheckpointSources sources) throws CheckpointFormatException {
    sources.requireScalars(chain, this::namesOfRule);
    if (selective != null) {
      prepare(selective, sources);
    }
    step.restore(sources.counters());
    for (int i = 0; i < parameters.size(); i++) {
      restoreState(i, sources);
      if (selective != null) {
        selective.restoreScalars(i, sources.scalars(i));
      }
      chain.restoreScalars(i, sources.scalars(i), namesOfRule(i));
      Tensor weights = sources.weights(i);
      if (weights != null) {
        parameters.get(i).weights().memory().copyFrom(weights.memory());
      }
    }
    if (selective != null) {
      selective.commitRestore();
    }
  }

  private static void prepare(SelectiveRule rule, CheckpointSources sources)
      throws CheckpointFormatException {
    try {
      rule.prepareRestore(sources.states());
    } catch (IllegalArgumentException e) {
      rule.discardRestore();
      throw sources.noSelection(e);
    } catch (RuntimeException | Error e) {
      rule.discardRestore();
      throw e;
    }
  }

  /** Of the histories that the rule keeps. */
  private Set<String> namesOfRule(int i) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    if (selective != null) {
      selective.addScalars(i, scalars);
    }
    return scalars.keySet();
  }

  /** Low halves of weights go with them, and with moments that were made with them. */
  private static @Nullable Tensor low(int i, CheckpointSources sources) {
    Tensor ofMoments = sources.state(i, StateNames.LOW);
    return ofMoments == null && sources.weights(i) != null ? sources.low(i) : ofMoments;
  }

  private void restoreState(int i, CheckpointSources sources) {
    SequencedMap<String, Tensor> targets =
        selective == null ? rule.state(i) : selective.restoreTarget(i);
    targets.forEach(
        (name, target) -> {
          boolean isOfWeights = name.equals(StateNames.LOW);
          Tensor saved = isOfWeights ? low(i, sources) : sources.state(i, name);
          if (saved == null && isOfWeights && sources.weights(i) == null) {
            return; // both halves of the weights stay
          }
          if (saved == null) {
            target.memory().fill((byte) 0);
          } else {
            StateCopy.copy(parameters.get(i).name(), name, saved, target);
          }
        });
  }
}
