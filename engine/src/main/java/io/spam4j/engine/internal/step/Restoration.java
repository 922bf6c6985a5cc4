package io.spam4j.engine.internal.step;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.CheckpointFormatException;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.memory.Overwritten;
import io.spam4j.engine.internal.state.StateValues;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Brings the parts of an optimizer to the state of a checkpoint that fits it. */
final class Restoration {
  private final List<Parameter> parameters;
  private final UpdateRule rule;
  private final @Nullable SelectiveRule selective; // the same, if it is one
  private final TransformChain chain;
  private final StepState step;
  private final StateGuard guard;
  private final Supplier<Arena> arenas;

  /**
   * Of the parts of an optimizer.
   *
   * @param arenas for what is kept of the old state until the new one is there
   */
  Restoration(
      List<Parameter> parameters,
      UpdateRule rule,
      TransformChain chain,
      StepState step,
      StateGuard guard,
      Supplier<Arena> arenas) {
    this.guard = guard;
    this.arenas = arenas;
    this.parameters = parameters;
    this.rule = rule;
    selective = rule instanceof SelectiveRule some ? some : null;
    this.chain = chain;
    this.step = step;
  }

  /**
   * Goes on from a checkpoint. What can fail comes first; if it does, the state is as it was.
   *
   * @throws IOException if the file cannot be read, is no longer what it was, or holds what no
   *     optimizer has
   */
  void restore(CheckpointSources sources) throws IOException {
    sources.requireScalars(chain, this::namesOfRule);
    guard.beginLoad();
    if (selective != null) {
      prepare(selective, sources);
    }
    try (Overwritten before = new Overwritten(arenas)) {
      restoreTensors(sources, before);
    }
    step.restore(sources.counters());
    for (int i = 0; i < parameters.size(); i++) {
      if (selective != null) {
        selective.restoreScalars(i, sources.scalars(i));
      }
      chain.restoreScalars(i, sources.scalars(i), namesOfRule(i));
    }
    if (selective != null) {
      selective.commitRestore();
    }
    guard.end();
  }

  private void restoreTensors(CheckpointSources sources, Overwritten before) throws IOException {
    try {
      for (int i = 0; i < parameters.size(); i++) {
        restoreState(i, sources, before);
        restoreWeights(i, sources, before);
      }
    } catch (IOException | RuntimeException | Error e) {
      boolean isBack = before.bringBack(e);
      if (selective != null) {
        selective.discardRestore();
      }
      if (isBack) {
        guard.undo();
      }
      throw e;
    }
  }

  /** What fails here cleans up behind itself, unless there is no stack left to do so. */
  private void prepare(SelectiveRule rule, CheckpointSources sources)
      throws CheckpointFormatException {
    try {
      rule.prepareRestore(sources.states());
    } catch (IllegalArgumentException e) {
      rule.discardRestore();
      guard.undo();
      throw sources.noSelection(e);
    } catch (RuntimeException | OutOfMemoryError e) {
      rule.discardRestore();
      guard.undo();
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

  private void restoreState(int i, CheckpointSources sources, Overwritten before)
      throws IOException {
    SequencedMap<String, Tensor> targets =
        selective == null ? rule.state(i) : selective.restoreTarget(i);
    for (Map.Entry<String, Tensor> named : targets.entrySet()) {
      String name = named.getKey();
      Tensor target = named.getValue();
      boolean isOfWeights = name.equals(StateNames.LOW);
      Tensor saved = isOfWeights ? low(i, sources) : sources.state(i, name);
      if (saved == null && isOfWeights && sources.weights(i) == null) {
        continue; // both halves of the weights stay
      }
      before.keep(target.memory());
      if (saved == null) {
        target.memory().fill((byte) 0);
      } else if (name.equals(StateNames.GRID) && sources.hasFormerScales(i)) {
        sources.encodeAnew(i, targets); // grids come behind the codes
      } else {
        sources.copy(i, name, saved, target);
      }
    }
  }

  private void restoreWeights(int i, CheckpointSources sources, Overwritten before)
      throws IOException {
    Tensor saved = sources.weights(i);
    if (saved != null) {
      Tensor target = parameters.get(i).weights();
      before.keep(target.memory());
      sources.copy(i, StateValues.WEIGHTS, saved, target);
    }
  }
}
