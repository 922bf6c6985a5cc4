package io.spam4j.examples.inspect;

import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.CheckpointReader;
import java.io.IOException;
import java.util.List;

/**
 * Whether a checkpoint is as it was saved; as JSON it has these names.
 *
 * @param checksums how many were compared: one of each tensor, and one of all the rest, which was
 *     right, or the file would not have opened
 * @param damaged the tensors whose bytes have changed
 */
record Verification(String file, int checksums, List<String> damaged) {
  /** Reads every tensor. */
  static Verification of(CheckpointReader reader) throws IOException {
    Checkpoint checkpoint = reader.checkpoint();
    return new Verification(
        checkpoint.file().toString(), checkpoint.checksums().size() + 1, reader.damaged());
  }

  String text() {
    if (damaged.isEmpty()) {
      return new TextPage().line("%d checksums, all well".formatted(checksums)).toString();
    }
    TextPage page =
        new TextPage().line("%d checksums, %d wrong".formatted(checksums, damaged.size()));
    damaged.forEach(tensor -> page.line("  damaged: " + tensor));
    return page.toString();
  }
}
