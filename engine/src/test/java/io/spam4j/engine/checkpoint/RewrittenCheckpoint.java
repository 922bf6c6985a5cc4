package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** A checkpoint that is changed, and has the checksums of what it is then. */
final class RewrittenCheckpoint {
  private RewrittenCheckpoint() {}

  interface Change {
    /** Changes copies of the tensors, and the metadata. */
    void make(Map<String, Tensor> tensors, Map<String, String> metadata);
  }

  static void write(Path from, Path to, Change change) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors old = Safetensors.open(from, arena);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String name : old.names()) {
        Tensor tensor = old.tensor(name);
        Tensor copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
        copy.memory().copyFrom(tensor.memory());
        tensors.put(name, copy);
      }
      Map<String, String> metadata = new LinkedHashMap<>(old.metadata());
      change.make(tensors, metadata);
      tensors.forEach(
          (name, tensor) ->
              metadata.put(CheckpointFormat.TENSOR_CRC + name, CheckpointFormat.crc(tensor)));
      metadata.put(CheckpointFormat.HEADER_CRC, CheckpointFormat.headerCrc(metadata, tensors));
      Safetensors.write(to, tensors, metadata);
    }
  }

  /** Sets a field of a parameter. */
  static void setField(Map<String, String> metadata, String parameter, String field, String value) {
    String key = CheckpointFormat.PARAMETER + parameter;
    var fields = CheckpointFormat.split(Objects.requireNonNull(metadata.get(key)));
    fields.put(field, value);
    metadata.put(key, CheckpointFormat.joined(fields));
  }
}
