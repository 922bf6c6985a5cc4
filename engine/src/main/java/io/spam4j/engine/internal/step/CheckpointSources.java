package io.spam4j.engine.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.CheckpointFormatException;
import io.spam4j.engine.checkpoint.CheckpointMatch;
import io.spam4j.engine.checkpoint.CheckpointReader;
import io.spam4j.engine.checkpoint.ExpectedState;
import io.spam4j.engine.checkpoint.ExpectedState.TensorType;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.ParameterSource;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.checkpoint.SavedMask;
import io.spam4j.engine.checkpoint.TrainingState;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.state.FormerScales;
import io.spam4j.engine.internal.state.StateCopy;
import io.spam4j.engine.internal.state.StateValues;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
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
 * @param reader of the file's tensors, which tell only types and shapes by themselves
 * @param propagates whether the optimizer's gradients may hold NaN, and its state then
 */
public record CheckpointSources(
    Path file,
    TrainingState saved,
    List<ParameterSource> sources,
    LoadReport report,
    CheckpointReader reader,
    boolean propagates)
    implements AutoCloseable {
  /**
   * Opens a checkpoint, looks for damage and compares it with the optimizer.
   *
   * @param arena how long the tensors live
   * @param own what the optimizer is, with the learning rates after so many steps
   * @param expected how the state of each of its parameters must look
   * @param propagates whether its gradients may hold NaN, and its state then
   * @throws io.spam4j.engine.checkpoint.CheckpointMismatchException if something differs that the
   *     options do not allow
   * @throws IOException if it cannot be read, is damaged or is no checkpoint
   */
  public static CheckpointSources open(
      Path file,
      Arena arena,
      LongFunction<TrainingState> own,
      List<ExpectedState> expected,
      boolean propagates,
      LoadOptions options)
      throws IOException {
    CheckpointReader reader = CheckpointReader.open(file, arena);
    try {
      Checkpoint checkpoint = reader.checkpoint();
      reader.requireIntact();
      CheckpointMatch match =
          CheckpointMatch.of(checkpoint, own.apply(checkpoint.steps()), expected, options);
      List<ParameterSource> readable = new ArrayList<>();
      for (ParameterSource source : match.sources()) {
        readable.add(withOwnMask(source, reader, arena));
      }
      return new CheckpointSources(
          file, checkpoint.state(), readable, match.report(), reader, propagates);
    } catch (IOException | RuntimeException | Error e) {
      reader.close();
      throw e;
    }
  }

  /** A source whose selection is a copy that was checked. */
  private static ParameterSource withOwnMask(
      ParameterSource source, CheckpointReader reader, Arena arena) throws IOException {
    ParameterState state = source.state();
    SavedMask mask = state == null ? null : state.mask().orElse(null);
    return state == null || mask == null
        ? source
        : source.withState(state.withMask(reader.read(mask, arena)));
  }

  /** The moments and counters to go on from; null for a parameter that starts afresh. */
  public List<@Nullable ParameterState> states() {
    List<@Nullable ParameterState> states = new ArrayList<>();
    for (ParameterSource source : sources) {
      states.add(source.state());
    }
    return states;
  }

  /**
   * Brings a tensor of the file to memory, and checks what is there then.
   *
   * @param state the name of the tensor, or {@link StateValues#WEIGHTS}
   * @param from a tensor of the file
   * @param target of as many elements; partly overwritten after an exception
   * @throws CheckpointFormatException if it is not what was saved, or what no step gives
   */
  public void copy(int parameter, String state, Tensor from, Tensor target) throws IOException {
    if (from.dtype() == target.dtype()) {
      reader.read(from, target.memory());
    } else {
      try (Arena arena = Arena.ofConfined()) {
        Tensor own = Tensor.allocate(arena, from.dtype(), from.shape());
        reader.read(from, own.memory());
        StateCopy.copy(own, target);
      }
    }
    StateValues.require(file, name(parameter), state, target, propagates);
    requireHistory(parameter, state, target);
  }

  /** Moments that have seen no gradient are zero; corrections would take them for the first. */
  private void requireHistory(int parameter, String state, Tensor target)
      throws CheckpointFormatException {
    ParameterState of = sources.get(parameter).saved();
    boolean isOfWeights = state.equals(StateValues.WEIGHTS) || state.equals(StateNames.LOW);
    if (of != null && !isOfWeights && of.isWithoutHistory(saved) && !isZero(target.memory())) {
      throw CheckpointFormatException.of(
          file,
          "checkpoint state must be 0 where no gradient is counted, take an older file",
          "parameter=%s, state=%s, updates=%d, updatesSinceReset=%d"
              .formatted(of.name(), state, of.updates(), of.updatesSinceReset()),
          null);
    }
  }

  private static boolean isZero(MemorySegment memory) {
    for (long at = 0; at < memory.byteSize(); at++) {
      if (memory.get(JAVA_BYTE, at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether the 8-bit moments of a parameter are as files have them that know no grids. */
  boolean hasFormerScales(int parameter) {
    Tensor grids = state(parameter, StateNames.GRID);
    return grids != null && grids == state(parameter, StateNames.SECOND_SCALE);
  }

  /**
   * Makes codes that have been copied from such a file those of grids.
   *
   * @param targets the state of the parameter; partly overwritten after an exception
   * @throws CheckpointFormatException if the scales are not what was saved, or what no step gives
   */
  void encodeAnew(int parameter, SequencedMap<String, Tensor> targets) throws IOException {
    Tensor grids = Objects.requireNonNull(targets.get(StateNames.GRID));
    try (Arena arena = Arena.ofConfined()) {
      Tensor ofFirst = Tensor.allocate(arena, DType.F32, grids.shape());
      Tensor ofSecond = Tensor.allocate(arena, DType.F32, grids.shape());
      copySaved(parameter, StateNames.FIRST_SCALE, ofFirst);
      copySaved(parameter, StateNames.SECOND_SCALE, ofSecond);
      grids.memory().fill((byte) 0);
      FormerScales.encodeAnew(
          Objects.requireNonNull(targets.get(StateNames.FIRST)),
          ofFirst,
          Objects.requireNonNull(targets.get(StateNames.SECOND)),
          ofSecond,
          grids);
    }
  }

  private void copySaved(int parameter, String state, Tensor target) throws IOException {
    copy(parameter, state, Objects.requireNonNull(state(parameter, state)), target);
  }

  @Override
  public void close() throws IOException {
    reader.close();
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
        requireWhole(name(i), scalar, value);
        Double other = scalar.isCommon() ? common.putIfAbsent(scalar.name(), value) : null;
        if (other != null && !other.equals(value)) {
          throw CheckpointFormatException.of(
              file,
              "checkpoint scalar must be the same for all parameters",
              "scalar=%s, values=%s and %s".formatted(scalar.name(), other, value),
              null);
        }
        requirePossible(name(i), scalar, value);
        requireCounted(name(i), scalar, value, scalars(i).get(scalar.count()));
      }
    }
  }

  private void requireWhole(String parameter, TransformChain.Scalar scalar, double value)
      throws CheckpointFormatException {
    if (scalar.isCount() && !(value >= 0 && value == Math.rint(value))) {
      throw refused(
          "checkpoint count must be a whole number, not negative", parameter, scalar, value);
    }
  }

  private void requirePossible(String parameter, TransformChain.Scalar scalar, double value)
      throws CheckpointFormatException {
    if (scalar.isCount()) {
      if (value > saved.steps()) {
        String rule = "checkpoint count must be at most the steps, steps=" + saved.steps();
        throw refused(rule, parameter, scalar, value);
      }
    } else if (value < 0) {
      throw refused("checkpoint scalar must not be negative", parameter, scalar, value);
    } else if (!propagates && !(value <= Double.MAX_VALUE)) {
      throw refused(StateValues.NOT_FINITE, parameter, scalar, value);
    } else if (!propagates && value > scalar.most()) {
      String rule = "checkpoint scalar must be what gradients give, at most " + scalar.most();
      throw refused(rule, parameter, scalar, value);
    }
  }

  private void requireCounted(
      String parameter, TransformChain.Scalar scalar, double value, @Nullable Double count)
      throws CheckpointFormatException {
    if (value != 0 && count != null && count == 0) {
      String rule =
          "checkpoint scalar must be 0 where its count is, %s=0".formatted(scalar.count());
      throw refused(rule, parameter, scalar, value);
    }
  }

  private CheckpointFormatException refused(
      String rule, String parameter, TransformChain.Scalar scalar, double value) {
    return CheckpointFormatException.of(
        file,
        rule,
        "parameter=%s, scalar=%s, value=%s".formatted(parameter, scalar.name(), value),
        null);
  }

  /** What a file is refused with whose masks are none. */
  public CheckpointFormatException noSelection(IllegalArgumentException cause) {
    return CheckpointFormatException.of(
        file, "checkpoint masks must be selections", "reason=" + cause.getMessage(), cause);
  }
}
