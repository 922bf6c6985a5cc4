package io.spam4j.examples.inspect;

import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.Checkpoint.SavedMask;
import io.spam4j.engine.checkpoint.Checkpoint.SavedParameter;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All there is to say of a checkpoint; as JSON it has these names.
 *
 * @param kind {@code checkpoint}
 * @param reset null if the optimizer never resets
 * @param groups hyper-parameters, each set once
 */
record CheckpointSummary(
    String file,
    String kind,
    int format,
    String optimizer,
    long steps,
    long nonFiniteSteps,
    @Nullable ResetPosition reset,
    Map<String, String> settings,
    List<Map<String, String>> groups,
    List<OfParameter> parameters,
    Bytes bytes,
    Map<String, String> notes) {

  /**
   * One parameter.
   *
   * @param group where its hyper-parameters are
   * @param density the share of its weights that have state; null if all have
   * @param indexBytes of the selection of them
   * @param weights null if they are not in the file
   * @param state by names in the file
   */
  record OfParameter(
      String name,
      List<Long> shape,
      int group,
      @Nullable Double density,
      long updates,
      long updatesSinceReset,
      long spikes,
      long indexBytes,
      @Nullable TensorSummary weights,
      List<TensorSummary> state,
      Map<String, Double> scalars) {}

  /** Bytes of all state tensors, of the selections, of the weights, and of the file. */
  record Bytes(long state, long index, long weights, long file) {}

  /** Reads every tensor. */
  static CheckpointSummary of(Checkpoint checkpoint) throws IOException {
    List<Map<String, String>> groups = new ArrayList<>();
    List<OfParameter> parameters = new ArrayList<>();
    for (SavedParameter saved : checkpoint.parameters().values()) {
      if (!groups.contains(saved.hyperparameters())) {
        groups.add(saved.hyperparameters());
      }
      int group = groups.indexOf(saved.hyperparameters());
      parameters.add(parameter(saved, group, checkpoint.weights().get(saved.name())));
    }
    var bytes =
        new Bytes(
            parameters.stream()
                .flatMap(parameter -> parameter.state().stream())
                .mapToLong(TensorSummary::bytes)
                .sum(),
            parameters.stream().mapToLong(OfParameter::indexBytes).sum(),
            checkpoint.weights().values().stream().mapToLong(Tensor::bytes).sum(),
            Files.size(checkpoint.file()));
    return new CheckpointSummary(
        checkpoint.file().toString(),
        "checkpoint",
        checkpoint.formatVersion(),
        checkpoint.optimizer(),
        checkpoint.steps(),
        checkpoint.nonFiniteSteps(),
        ResetPosition.of(checkpoint.settings(), checkpoint.steps()),
        checkpoint.settings(),
        groups,
        parameters,
        bytes,
        checkpoint.notes());
  }

  private static OfParameter parameter(SavedParameter saved, int group, @Nullable Tensor weights) {
    List<TensorSummary> state = new ArrayList<>();
    saved.state().forEach((name, tensor) -> state.add(TensorSummary.of(name, tensor)));
    @Nullable SavedMask mask = saved.mask().orElse(null);
    return new OfParameter(
        saved.name(),
        saved.shape(),
        group,
        mask == null ? null : (double) mask.count() / mask.elements(),
        saved.updates(),
        saved.updatesSinceReset(),
        saved.spikes(),
        mask == null ? 0 : mask.data().bytes(),
        weights == null ? null : TensorSummary.of("weights", weights),
        state,
        saved.scalars());
  }
}
