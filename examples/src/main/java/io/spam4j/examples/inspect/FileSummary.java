package io.spam4j.examples.inspect;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import io.spam4j.tensors.safetensors.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
  static FileSummary of(Path file, SafetensorsFile opened, Safetensors tensors) throws IOException {
    List<TensorSummary> summaries = new ArrayList<>();
    for (String name : tensors.names()) {
      try (Arena copies = Arena.ofConfined()) {
        Tensor shown = tensors.tensor(name);
        Tensor copy = Tensor.allocate(copies, shown.dtype(), shown.shape());
        opened.read(name, 0, copy.memory());
        summaries.add(TensorSummary.of(name, copy));
      }
    }
    return new FileSummary(
        file.toString(), "safetensors", tensors.metadata(), summaries, Files.size(file));
  }
}
