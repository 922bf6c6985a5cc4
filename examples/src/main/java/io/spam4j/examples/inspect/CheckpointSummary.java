package io.spam4j.examples.inspect;

import com.fasterxml.jackson.annotation.JsonValue;
import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.CheckpointReader;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
   * @param saved all that the file has of it
   * @param group where its hyper-parameters are
   * @param weights null if they are not in the file
   * @param tensors what there is to say of its state tensors
   */
  record OfParameter(
      ParameterState saved,
      int group,
      @Nullable TensorSummary weights,
      List<TensorSummary> tensors) {
    /** The share of its weights that have state; null if all have. */
    @Nullable Double density() {
      return saved.mask().map(mask -> (double) mask.count() / mask.elements()).orElse(null);
    }

    /** Of the selection of the weights that have state. */
    long indexBytes() {
      return saved.mask().map(mask -> mask.data().bytes()).orElse(0L);
    }

    /** As JSON. */
    @JsonValue
    Map<String, @Nullable Object> json() {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("name", saved.name());
      json.put("shape", saved.shape());
      json.put("group", group);
      json.put("density", density());
      json.put("updates", saved.counters().updates());
      json.put("updatesSinceReset", saved.counters().updatesSinceReset());
      json.put("spikes", saved.counters().spikes());
      json.put("indexBytes", indexBytes());
      json.put("weights", weights);
      json.put("state", tensors);
      json.put("scalars", saved.scalars());
      return json;
    }
  }

  /** Bytes of all state tensors, of the selections, of the weights, and of the file. */
  record Bytes(long state, long index, long weights, long file) {}

  /** Reads every tensor. */
  static CheckpointSummary of(CheckpointReader reader) throws IOException {
    Checkpoint checkpoint = reader.checkpoint();
    List<Map<String, String>> groups = new ArrayList<>();
    List<OfParameter> parameters = new ArrayList<>();
    for (ParameterState saved : checkpoint.parameters().values()) {
      if (!groups.contains(saved.hyperparameters())) {
        groups.add(saved.hyperparameters());
      }
      int group = groups.indexOf(saved.hyperparameters());
      parameters.add(parameter(saved, group, checkpoint.weights().get(saved.name()), reader));
    }
    var bytes =
        new Bytes(
            parameters.stream()
                .flatMap(parameter -> parameter.tensors().stream())
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

  private static OfParameter parameter(
      ParameterState saved, int group, @Nullable Tensor weights, CheckpointReader reader)
      throws IOException {
    List<TensorSummary> tensors = new ArrayList<>();
    for (Map.Entry<String, Tensor> state : saved.state().entrySet()) {
      tensors.add(tensor(state.getKey(), state.getValue(), reader));
    }
    TensorSummary ofWeights = weights == null ? null : tensor("weights", weights, reader);
    return new OfParameter(saved, group, ofWeights, tensors);
  }

  private static TensorSummary tensor(String name, Tensor tensor, CheckpointReader reader)
      throws IOException {
    try (Arena copies = Arena.ofConfined()) {
      return TensorSummary.of(name, reader.copy(tensor, copies));
    }
  }
}
