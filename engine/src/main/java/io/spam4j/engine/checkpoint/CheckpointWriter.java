package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** Writes a {@link TrainingState}; see docs/checkpoints.md for the format. */
public final class CheckpointWriter {
  /** Looks at what is written, in the moment that it is. */
  @FunctionalInterface
  public interface PieceCheck {
    /**
     * Throws if this must not be saved; the old file stays then.
     *
     * @param state the name of the tensor in the state; null for the weights
     * @param from the first element of the piece
     */
    void require(String parameter, @Nullable String state, long from, Tensor piece);
  }

  private record Role(String parameter, @Nullable String state, DType type) {}

  private final SaveOptions options;
  private final PieceCheck check;
  private final Map<String, Role> checked = new HashMap<>(); // by the names of tensors
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Map<SequencedMap<String, String>, Integer> groups = new LinkedHashMap<>();

  private CheckpointWriter(SaveOptions options, PieceCheck check) {
    this.options = options;
    this.check = check;
  }

  public static void write(Path file, TrainingState training, SaveOptions options, PieceCheck check)
      throws IOException {
    new CheckpointWriter(options, check).write(file, training);
  }

  private void write(Path file, TrainingState training) throws IOException {
    metadata.put(CheckpointFormat.FORMAT, Integer.toString(CheckpointFormat.VERSION));
    metadata.put(CheckpointFormat.OPTIMIZER, training.optimizer());
    metadata.put(CheckpointFormat.STEPS, Long.toString(training.steps()));
    metadata.put(CheckpointFormat.NON_FINITE_STEPS, Long.toString(training.nonFiniteSteps()));
    training
        .settings()
        .forEach((name, text) -> metadata.put(CheckpointFormat.SETTING + name, text));
    options.notes().forEach((key, text) -> metadata.put(CheckpointFormat.NOTE + key, text));
    training.parameters().values().forEach(this::add);
    training
        .weights()
        .forEach((name, of) -> add(CheckpointFormat.weightTensor(name), name, null, of));
    groups.forEach(
        (group, number) ->
            metadata.put(CheckpointFormat.GROUP + number, CheckpointFormat.joined(group)));
    Safetensors.writeChecksummed(file, tensors, new Checked());
  }

  /** The metadata with their checksums, and the check of what is written. */
  private final class Checked implements Safetensors.Checksummed {
    @Override
    public Map<String, String> of(Map<String, Integer> crc32c) {
      return withChecksums(crc32c);
    }

    @Override
    public void written(String tensor, long from, MemorySegment piece) {
      Role role = checked.get(tensor);
      if (role != null) {
        long size = role.type.bytes(1);
        Tensor elements = Tensor.of(piece, role.type, piece.byteSize() / size);
        check.require(role.parameter, role.state, from / size, elements);
      }
    }
  }

  private void add(String tensor, String parameter, @Nullable String state, Tensor of) {
    tensors.put(tensor, of);
    checked.put(tensor, new Role(parameter, state, of.dtype()));
  }

  private Map<String, String> withChecksums(Map<String, Integer> crcs) {
    crcs.forEach(
        (name, crc) ->
            metadata.put(CheckpointFormat.TENSOR_CRC + name, CheckpointFormat.text(crc)));
    metadata.put(CheckpointFormat.HEADER_CRC, CheckpointFormat.headerCrc(metadata, tensors));
    return metadata;
  }

  private void add(ParameterState of) {
    String name = of.name();
    int group = groups.computeIfAbsent(of.hyperparameters(), _ -> groups.size());
    SequencedMap<String, String> fields = new LinkedHashMap<>();
    fields.put(CheckpointFormat.SHAPE, of.shape().toString().replace(" ", ""));
    fields.put(CheckpointFormat.IN_GROUP, Integer.toString(group));
    fields.put(CheckpointFormat.UPDATES, Long.toString(of.counters().updates()));
    fields.put(
        CheckpointFormat.UPDATES_SINCE_RESET, Long.toString(of.counters().updatesSinceReset()));
    fields.put(CheckpointFormat.SPIKES, Long.toString(of.counters().spikes()));
    fields.put(CheckpointFormat.STATE, String.join(",", of.state().keySet()));
    of.state()
        .forEach((key, tensor) -> add(CheckpointFormat.stateTensor(name, key), name, key, tensor));
    of.mask()
        .ifPresent(
            mask -> {
              fields.put(CheckpointFormat.MASK_COUNT, Long.toString(mask.count()));
              fields.put(CheckpointFormat.MASK_WIDTH, Integer.toString(mask.width()));
              if (mask.lineLength() != 1) {
                fields.put(CheckpointFormat.MASK_LINES, Integer.toString(mask.lineLength()));
              }
              tensors.put(CheckpointFormat.maskTensor(name), mask.data());
            });
    of.scalars().forEach((key, value) -> fields.put(key, Double.toString(value)));
    metadata.put(CheckpointFormat.PARAMETER + name, CheckpointFormat.joined(fields));
  }
}
