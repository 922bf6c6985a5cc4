package io.spam4j.engine.analysis;

import io.spam4j.engine.StepListener;
import io.spam4j.engine.StepReport;
import io.spam4j.tensors.internal.json.JsonStrings;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes the spikes of a run to a file, as JSON lines in UTF-8: one line for each tensor that had
 * spikes in a step.
 *
 * <pre>
 * {"step":7,"tensor":"layers.0.q","spikes":3,"largest_ratio":81234.5,"index":1042}
 * </pre>
 *
 * <p>{@code spikes} is {@link StepReport#spikes(int)}, {@code largest_ratio} and {@code index} are
 * {@link StepReport#largestRatio(int)} and {@link StepReport#largestRatioIndex}. A ratio beyond the
 * largest float is {@code null}, because JSON has no infinity. All lines of a step reach the file,
 * in one write, before the step returns; a step without spikes writes and allocates nothing. If the
 * file cannot be written, as on a full disk, the step throws that (as the cause of a {@link
 * io.spam4j.engine.StepListenerException}) and is complete; a later step starts a new line.
 */
public final class SpikeJournal implements StepListener, AutoCloseable {
  private final Path file;
  private final OutputStream lines;
  private boolean closed;
  private boolean isCut; // the last line, perhaps, by a write that failed

  private SpikeJournal(Path file, OutputStream lines) {
    this.file = file;
    this.lines = lines;
  }

  /**
   * Opens a journal; what the file has already stays in front.
   *
   * @param file made if there is none; its folder must exist
   * @throws IOException if the file cannot be opened for writing
   */
  public static SpikeJournal open(Path file) throws IOException {
    return new SpikeJournal(
        file, Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
  }

  /**
   * Writes the step's spikes.
   *
   * @throws UncheckedIOException if the file cannot be written to
   * @throws IllegalStateException if there are spikes and the journal is closed
   */
  @Override
  public void stepped(StepReport report) {
    if (report.spikes() == 0) {
      return;
    }
    if (closed) {
      throw new IllegalStateException("the journal must be open: file=" + file);
    }
    var json = new StringBuilder(isCut ? "\n" : "");
    for (int i = 0; i < report.tensors(); i++) {
      if (report.spikes(i) > 0) {
        append(json, report, i);
      }
    }
    isCut = true;
    try {
      lines.write(json.toString().getBytes(StandardCharsets.UTF_8));
      lines.flush();
      isCut = false;
    } catch (IOException e) {
      throw new UncheckedIOException("journal cannot be written: file=" + file, e);
    }
  }

  private static void append(StringBuilder json, StepReport report, int i) {
    float ratio = report.largestRatio(i);
    json.append("{\"step\":").append(report.step()).append(",\"tensor\":");
    JsonStrings.append(json, report.name(i));
    json.append(",\"spikes\":").append(report.spikes(i)).append(",\"largest_ratio\":");
    if (Float.isFinite(ratio)) {
      json.append(ratio);
    } else {
      json.append("null");
    }
    json.append(",\"index\":").append(report.largestRatioIndex(i)).append("}\n");
  }

  /** Closes the file; closing again does nothing. */
  @Override
  public void close() throws IOException {
    closed = true;
    lines.close();
  }
}
