package io.spam4j.engine.internal.plan;

import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.internal.decide.Selections;
import io.spam4j.engine.internal.memory.Owned;
import io.spam4j.engine.internal.state.StateValues;
import io.spam4j.engine.internal.step.CheckpointSources;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint that fits, for a device to fill its memory from. All of it was read to the host and
 * checked before the device changes: what is on a device cannot be brought back.
 */
final class MatchedState implements RestoredState {
  private final CheckpointSources sources;
  private final List<long[]> shapes;
  private final Selections selections;
  private final TransformChain histories;
  private final Runnable commit;
  private final Arena arena = Arena.ofShared(); // of what was read
  private final List<Map<String, Tensor>> state = new ArrayList<>();
  private final List<Optional<Tensor>> weights = new ArrayList<>();
  private final Supplier<Arena> arenas;
  private @Nullable Owned<Tensor> zeros;

  /**
   * Reads the state of a checkpoint.
   *
   * @param shapes of the weights
   * @param selections in which those of the file are prepared
   * @param histories has those of the file, and is nobody else's
   * @param commit lets the planner take over what the device does not have
   * @param names of the state tensors
   * @param arenas for tensors that the file has not
   * @throws IOException if the file is no longer what it was, or holds what no optimizer has
   */
  MatchedState(
      CheckpointSources sources,
      List<long[]> shapes,
      Selections selections,
      TransformChain histories,
      Runnable commit,
      List<String> names,
      Supplier<Arena> arenas)
      throws IOException {
    this.sources = sources;
    this.shapes = shapes;
    this.selections = selections;
    this.histories = histories;
    this.commit = commit;
    this.arenas = arenas;
    try {
      for (int i = 0; i < shapes.size(); i++) {
        state.add(readState(i, names));
        Tensor saved = sources.weights(i);
        weights.add(
            saved == null
                ? Optional.empty()
                : Optional.of(read(i, StateValues.WEIGHTS, saved, shapes.get(i))));
      }
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private Map<String, Tensor> readState(int parameter, List<String> names) throws IOException {
    Map<String, Tensor> read = new HashMap<>();
    for (String name : names) {
      Tensor saved = sources.state(parameter, name);
      if (saved != null) {
        read.put(name, read(parameter, name, saved, stateShape(parameter)));
      }
    }
    return read;
  }

  private Tensor read(int parameter, String name, Tensor saved, long[] shape) throws IOException {
    Tensor own = Tensor.allocate(arena, DType.F32, shape);
    sources.copy(parameter, name, saved, own);
    return own;
  }

  @Override
  public LoadReport report() {
    return sources.report();
  }

  @Override
  public Optional<Tensor> weights(int parameter) {
    return weights.get(parameter);
  }

  @Override
  public Tensor state(int parameter, String name) {
    Tensor saved = state.get(parameter).get(name);
    if (saved != null) {
      return saved;
    }
    closeZeros();
    zeros = Owned.in(arenas, of -> Tensor.allocate(of, DType.F32, stateShape(parameter)));
    return zeros.value();
  }

  private void closeZeros() {
    if (zeros != null) {
      zeros.close();
      zeros = null;
    }
  }

  private long[] stateShape(int parameter) {
    return selections.isSparse(parameter)
        ? new long[] {selections.nextCount(parameter)}
        : shapes.get(parameter);
  }

  @Override
  public long momentCount(int parameter) {
    return Tensor.elements(stateShape(parameter));
  }

  @Override
  public Optional<IndexMask> mask(int parameter) {
    boolean keeps = sources.sources().get(parameter).state() == null;
    return Optional.ofNullable(keeps ? selections.mask(parameter) : selections.nextMask(parameter));
  }

  @Override
  public double[] history(int transform, int parameter) {
    return histories.deviceDecided().get(transform).history(parameter);
  }

  @Override
  public void commit() {
    commit.run();
    selections.commit();
  }

  @Override
  public void close() {
    selections.discard(); // harmless after commit
    closeZeros();
    arena.close();
  }
}
