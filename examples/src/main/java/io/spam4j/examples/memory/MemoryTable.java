package io.spam4j.examples.memory;

import io.spam4j.engine.MemoryReport;
import io.spam4j.examples.output.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongFunction;

/**
 * What training a model holds with each optimizer.
 *
 * @param rows one an optimizer
 */
record MemoryTable(List<Row> rows) {
  private static final double GIB = 1L << 30;
  private static final List<String> HEADINGS =
      List.of(
          "optimizer",
          "weights",
          "gradients",
          "moments",
          "index",
          "scratch",
          "all",
          "all but gradients");

  /**
   * What is held with one optimizer.
   *
   * @param weightBytes of the model's weights; gradients take as many
   * @param memory what the optimizer itself holds
   */
  record Row(String optimizer, long weightBytes, MemoryReport memory) {}

  /** The table in bytes. */
  String bytes() {
    return text(bytes -> String.format(Locale.ROOT, "%,d", bytes));
  }

  /** The table in GiB. */
  String gibibytes() {
    return text(bytes -> String.format(Locale.ROOT, "%.4f", bytes / GIB));
  }

  private String text(LongFunction<String> format) {
    List<List<String>> lines = new ArrayList<>();
    lines.add(HEADINGS);
    for (Row row : rows) {
      MemoryReport memory = row.memory();
      long weightBytes = row.weightBytes();
      long withoutGradients = weightBytes + memory.total();
      List<String> cells = new ArrayList<>();
      cells.add(row.optimizer());
      for (long bytes :
          new long[] {
            weightBytes,
            weightBytes,
            memory.moments(),
            memory.index(),
            memory.scratch(),
            withoutGradients + weightBytes,
            withoutGradients
          }) {
        cells.add(format.apply(bytes));
      }
      lines.add(cells);
    }
    String end = System.lineSeparator();
    return String.join(end, TextTable.aligned(lines)) + end;
  }
}
