package io.spam4j.examples.inspect;

import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * All there is to say of a safetensors file that is no checkpoint; as JSON it has these names.
 *
 * @param kind {@code safetensors}
 * @param tensors in the order of their data
 * @param bytes of the file
 */
record FileSummary(
    String file,
    String kind,
    Map<String, String> metadata,
    List<TensorSummary> tensors,
    long bytes) {

  /** Reads every tensor. */
  static FileSummary of(Path file, Safetensors tensors) throws IOException {
    return new FileSummary(
        file.toString(),
        "safetensors",
        tensors.metadata(),
        tensors.names().stream().map(name -> TensorSummary.of(name, tensors.tensor(name))).toList(),
        Files.size(file));
  }
}
