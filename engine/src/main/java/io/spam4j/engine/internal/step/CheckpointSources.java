package io.spam4j.engine.internal.step;

import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.CheckpointFormatException;
import io.spam4j.engine.checkpoint.CheckpointMatch;
import io.spam4j.engine.checkpoint.ExpectedState;
import io.spam4j.engine.checkpoint.ExpectedState.TensorType;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.ParameterSource;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.checkpoint.TrainingState;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint that is whole and fits an optimizer: what each of its parameters goes on from.
 *
 * @param saved all that the file holds
 * @param sources of the optimizer's parameters, in their order
 * @param report what is loaded, and what is not
 */
public record CheckpointSources(
    Path file, TrainingState saved, List<ParameterSource> sources, LoadReport report) {
  /**
   * Opens a checkpoint, looks for damage and compares it with the optimizer.
   *
   * @param arena how long the tensors live
   * @param own what the optimizer is, with the learning rates of a step, counted from 0
   * @param expected how the state of each of its parameters must look
   * @throws io.spam4j.engine.checkpoint.CheckpointMismatchException if something differs that the
   *     options do not allow
   * @throws IOException if it cannot be read, is damaged or is no checkpoint
   */
  public static CheckpointSources open(
      Path file,
      Arena arena,
      LongFunction<TrainingState> own,
      List<ExpectedState> expected,
      LoadOptions options)
      throws IOException {
    Checkpoint checkpoint = Checkpoint.open(file, arena);
    checkpoint.requireIntact();
    CheckpointMatch match =
        CheckpointMatch.of(checkpoint, own.apply(checkpoint.steps()), expected, options);
    return new CheckpointSources(file, checkpoint.state(), match.sources(), match.report());
  }

  /** The moments and counters to go on from; null for a parameter that starts afresh. */
  public List<@Nullable ParameterState> states() {
    List<@Nullable ParameterState> states = new ArrayList<>();
    for (ParameterSource source : sources) {
      states.add(source.state());
    }
    return states;
  }

  /** The counters to go on from. */
  public StepState.Snapshot counters() {
    return StepState.Snapshot.of(saved, states());
  }

  /** The weights to go on from; null if they stay as they are. */
  public @Nullable Tensor weights(int parameter) {
    return sources.get(parameter).weights();
  }

  /** A state tensor to go on from; null if the file has none. */
  public @Nullable Tensor state(int parameter, String name) {
    ParameterState state = sources.get(parameter).state();
    return state == null ? null : state.state().get(name);
  }

  /** The low halves that belong to the weights to go on from; null if the file has none. */
  @Nullable Tensor low(int parameter) {
    ParameterState of = sources.get(parameter).saved();
    if (of == null) {
      return null;
    }
    Tensor low = of.state().get(StateNames.LOW);
    boolean fits =
        low != null && low.dtype() == DType.I16 && TensorType.of(low).shape().equals(of.shape());
    return fits ? low : null;
  }

  private String name(int parameter) {
    ParameterState of = sources.get(parameter).saved();
    return of == null ? "" : of.name();
  }

  /** The histories to go on from. */
  public Map<String, Double> scalars(int parameter) {
    ParameterState of = sources.get(parameter).saved();
    return of == null ? Map.of() : of.scalars();
  }

  /**
   * Refuses histories that no run has.
   *
   * @param chain that is to have them
   * @param taken the names of those that are not of the chain, of each parameter
   */
  public void requireScalars(TransformChain chain, IntFunction<Set<String>> taken)
      throws CheckpointFormatException {
    Map<String, Double> common = new HashMap<>();
    for (int i = 0; i < sources.size(); i++) {
      for (TransformChain.Scalar scalar : chain.scalars(taken.apply(i))) {
        Double value = scalars(i).get(scalar.name());
        if (value == null) {
          continue;
        }
        if (scalar.isCount() && !(value >= 0 && value == Math.rint(value))) {
          throw CheckpointFormatException.of(
              file,
              "checkpoint count must be a whole number, not negative",
              "parameter=%s, scalar=%s, value=%s".formatted(name(i), scalar.name(), value),
              null);
        }
        Double other = scalar.isCommon() ? common.putIfAbsent(scalar.name(), value) : null;
        if (other != null && !other.equals(value)) {
          throw CheckpointFormatException.of(
              file,
              "checkpoint scalar must be the same for all parameters",
              "scalar=%s, values=%s and %s".formatted(scalar.name(), other, value),
              null);
        }
      }
    }
  }

  /** What a file is refused with whose masks are none. */
  public CheckpointFormatException noSelection(IllegalArgumentException cause) {
    return CheckpointFormatException.of(
        file, "checkpoint masks must be selections", "reason=" + cause.getMessage(), cause);
  }
}
