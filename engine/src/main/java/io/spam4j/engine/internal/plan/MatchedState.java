package io.spam4j.engine.internal.plan;

import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.internal.decide.Selections;
import io.spam4j.engine.internal.memory.Owned;
import io.spam4j.engine.internal.state.StateCopy;
import io.spam4j.engine.internal.step.CheckpointSources;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint that fits, for a device to fill its memory from: tensors are those of the mapped
 * file, so that nothing is copied on the host but one tensor at a time of another type.
 */
final class MatchedState implements RestoredState {
  private final CheckpointSources sources;
  private final List<String> names;
  private final List<long[]> shapes;
  private final Selections selections;
  private final TransformChain histories;
  private final Runnable commit;
  private final Arena mapping;
  private final Supplier<Arena> arenas;
  private @Nullable Owned<Tensor> copied;

  /**
   * The state of a checkpoint.
   *
   * @param names of the parameters
   * @param shapes of the weights
   * @param selections in which those of the file are prepared
   * @param histories has those of the file, and is nobody else's
   * @param commit lets the planner take over what the device does not have
   * @param mapping of the file, closed with this
   * @param arenas for tensors that the file has in another type, or not at all
   */
  MatchedState(
      CheckpointSources sources,
      List<String> names,
      List<long[]> shapes,
      Selections selections,
      TransformChain histories,
      Runnable commit,
      Arena mapping,
      Supplier<Arena> arenas) {
    this.sources = sources;
    this.names = names;
    this.shapes = shapes;
    this.selections = selections;
    this.histories = histories;
    this.commit = commit;
    this.mapping = mapping;
    this.arenas = arenas;
  }

  @Override
  public LoadReport report() {
    return sources.report();
  }

  @Override
  public Optional<Tensor> weights(int parameter) {
    return Optional.ofNullable(sources.weights(parameter));
  }

  @Override
  public Tensor state(int parameter, String name) {
    Tensor saved = sources.state(parameter, name);
    if (saved != null && saved.dtype() == DType.F32) {
      return saved;
    }
    closeCopied();
    Owned<Tensor> copy =
        Owned.in(arenas, arena -> Tensor.allocate(arena, DType.F32, stateShape(parameter)));
    copied = copy;
    if (saved != null) {
      StateCopy.copy(names.get(parameter), name, saved, copy.value());
    }
    return copy.value();
  }

  private void closeCopied() {
    if (copied != null) {
      copied.close();
      copied = null;
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
    closeCopied();
    mapping.close();
  }
}
