package io.spam4j.engine.internal.step;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.CheckpointWriter;
import io.spam4j.engine.checkpoint.ExpectedState;
import io.spam4j.engine.checkpoint.ExpectedState.TensorType;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.checkpoint.SavedMask;
import io.spam4j.engine.checkpoint.TrainingState;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.state.StateValues;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** What an optimizer holds, as checkpoints tell it, and what it could be loaded from. */
final class HeldState {
  private final Algorithm algorithm;
  private final SequencedMap<String, String> settings;
  private final List<Parameter> parameters;
  private final List<Hyperparameters> hyperparameters;
  private final UpdateRule rule;
  private final @Nullable SelectiveRule selective; // the same, if it is one
  private final TransformChain chain;
  private final StepState step;
  private final boolean propagates; // whether NaN of gradients reaches the state

  HeldState(
      Algorithm algorithm, RuleParts parts, UpdateRule rule, StepState step, boolean propagates) {
    this.algorithm = algorithm;
    settings = Collections.unmodifiableSequencedMap(algorithm.settings());
    parameters = parts.parameters();
    hyperparameters = parts.hyperparameters();
    this.rule = rule;
    selective = rule instanceof SelectiveRule some ? some : null;
    chain = parts.chain();
    this.step = step;
    this.propagates = propagates;
  }

  /** See {@link io.spam4j.engine.Optimizer#save(Path, SaveOptions)}. */
  void save(Path file, SaveOptions options) throws IOException {
    CheckpointWriter.write(
        file,
        training(step.steps(), options.hasWeights()),
        options,
        (parameter, state, from, piece) ->
            StateValues.requireLoadable(parameter, state, from, piece, propagates));
  }

  /**
   * What the optimizer holds.
   *
   * @param steps done by what this is compared with, for the learning rates that are told
   * @param hasWeights whether weights are part of it
   */
  TrainingState training(long steps, boolean hasWeights) {
    SequencedMap<String, ParameterState> states = new LinkedHashMap<>();
    SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      states.put(parameter.name(), parameterState(i, steps));
      if (hasWeights) {
        weights.put(parameter.name(), parameter.weights());
      }
    }
    return new TrainingState(
        algorithm.name(), step.steps(), step.nonFiniteSteps(), settings, states, weights);
  }

  private ParameterState parameterState(int i, long steps) {
    Parameter parameter = parameters.get(i);
    return new ParameterState(
        parameter.name(),
        TensorType.of(parameter.weights()).shape(),
        hyperparameters.get(i).text(steps),
        step.counters(i),
        rule.state(i),
        Optional.ofNullable(mask(i)).map(SavedMask::of),
        scalars(i));
  }

  /** What each parameter can be loaded from. */
  List<ExpectedState> expected() {
    List<ExpectedState> expected = new ArrayList<>();
    for (int i = 0; i < parameters.size(); i++) {
      int index = i;
      expected.add(
          new ExpectedState(
              parameters.get(i).weights().dtype(),
              selective != null && selective.isPacked(i),
              selected -> expectedTensors(index, selected),
              decidedScalars(i).keySet()));
    }
    return expected;
  }

  /** Of the tensors that are there, or of those for another selection. */
  private SequencedMap<String, TensorType> expectedTensors(int i, OptionalLong selected) {
    if (selected.isEmpty()) {
      SequencedMap<String, TensorType> types = new LinkedHashMap<>();
      rule.state(i).forEach((state, tensor) -> types.put(state, TensorType.of(tensor)));
      return types;
    }
    Tensor weights = parameters.get(i).weights();
    long[] moments = {selected.getAsLong()};
    return algorithm
        .layout()
        .types(parameters.get(i).name(), weights.dtype(), weights.shape(), moments);
  }

  /** What decision and transforms keep of a parameter. */
  SequencedMap<String, Double> scalars(int index) {
    SequencedMap<String, Double> scalars = decidedScalars(index);
    chain.addScalars(index, scalars);
    return scalars;
  }

  private SequencedMap<String, Double> decidedScalars(int index) {
    SequencedMap<String, Double> scalars = new LinkedHashMap<>();
    if (selective != null) {
      selective.addScalars(index, scalars);
    }
    return scalars;
  }

  /** The selection of a parameter; null if it has none. */
  @Nullable IndexMask mask(int index) {
    return selective == null ? null : selective.mask(index);
  }
}
