package io.spam4j.examples.inspect;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A safetensors file that is no checkpoint, as it is shown on the console. */
final class FileText {
  private FileText() {}

  static String of(FileSummary file) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("tensor", "type", "shape", "bytes", "norm", "largest", "not finite"));
    for (TensorSummary tensor : file.tensors()) {
      rows.add(
          List.of(
              tensor.name(),
              tensor.dtype(),
              TextPage.shape(tensor.shape()),
              TextPage.count(tensor.bytes()),
              TextPage.number(tensor.norm()),
              TextPage.number(tensor.largest()),
              TextPage.count(tensor.nonFinite())));
    }
    return new TextPage()
        .line(file.file())
        .line("no checkpoint of spam4j")
        .facts("metadata", file.metadata())
        .table("tensors", rows)
        .facts("memory", Map.of("file", TextPage.bytes(file.bytes())))
        .toString();
  }
}
