package io.spam4j.engine.internal.plan;

import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.internal.step.EngineOptimizer;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** An optimizer on the CPU that has loaded a checkpoint for one on a device. */
final class RestoredTwin implements RestoredState {
  private final EngineOptimizer twin;
  private final List<TransformLink> measuring;
  private final boolean hasWeights;
  private final DeviceSelections selections;
  private final Runnable commit;
  private final Arena arena;
  private boolean done;

  /**
   * A twin with what it has loaded.
   *
   * @param hasWeights whether weights were loaded too
   * @param selections in which copies of its selections are prepared
   * @param commit lets the planner take the rest over
   * @param arena of its weights
   */
  RestoredTwin(
      EngineOptimizer twin,
      boolean hasWeights,
      DeviceSelections selections,
      Runnable commit,
      Arena arena) {
    this.twin = twin;
    this.hasWeights = hasWeights;
    this.selections = selections;
    this.commit = commit;
    this.arena = arena;
    measuring = twin.chain().measuring();
  }

  private String name(int parameter) {
    return twin.parameters().get(parameter).name();
  }

  @Override
  public Optional<Tensor> weights(int parameter) {
    return hasWeights ? Optional.of(twin.parameters().get(parameter).weights()) : Optional.empty();
  }

  @Override
  public Tensor state(int parameter, String name) {
    return Objects.requireNonNull(twin.state(name(parameter)).get(name));
  }

  @Override
  public long momentCount(int parameter) {
    return twin.state(name(parameter)).firstEntry().getValue().elements();
  }

  @Override
  public Optional<IndexMask> mask(int parameter) {
    return twin.mask(name(parameter));
  }

  @Override
  public double[] history(int transform, int parameter) {
    return measuring.get(transform).history(parameter);
  }

  @Override
  public void commit() {
    commit.run();
    selections.commit();
    done = true;
  }

  @Override
  public void close() {
    if (!done) {
      selections.discard();
    }
    twin.close();
    arena.close();
  }
}
