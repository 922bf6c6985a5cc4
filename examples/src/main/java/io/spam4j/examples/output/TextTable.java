package io.spam4j.examples.output;

import java.util.ArrayList;
import java.util.List;

/** Rows of cells as lines of text. */
public final class TextTable {
  private TextTable() {}

  /**
   * Aligns columns, the first to the left and the others to the right, two spaces apart.
   *
   * @param rows with equally many cells each
   * @return a line a row; all are equally long
   */
  public static List<String> aligned(List<List<String>> rows) {
    int columns = rows.isEmpty() ? 0 : rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int column = 0; column < columns; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      var line = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        String cell = row.get(column);
        String pad = " ".repeat(widths[column] - cell.length());
        line.append(column == 0 ? cell + pad : "  " + pad + cell);
      }
      lines.add(line.toString());
    }
    return lines;
  }
}
