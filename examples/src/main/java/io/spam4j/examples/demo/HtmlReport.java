package io.spam4j.examples.demo;

import io.spam4j.examples.output.HtmlPage;
import io.spam4j.examples.training.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes {@code report.html}, one file that loads nothing and opens from disk, and beside it {@code
 * results.json}, every number of the runs. Numbers that are not finite are {@code null} in both.
 */
final class HtmlReport {
  private static final String TEMPLATE = "/io/spam4j/examples/demo/report.html";

  private HtmlReport() {}

  /**
   * Writes both files into a folder, which is made if it is not there.
   *
   * @return the path of the page
   * @throws IOException if a file cannot be written
   */
  static Path write(TrainingResult result, Path folder) throws IOException {
    Files.createDirectories(folder);
    HtmlPage.writeResults(folder.resolve("results.json"), result);
    Path page = folder.resolve("report.html");
    HtmlPage.write(page, page(result));
    return page;
  }

  /** The page itself. */
  static String page(TrainingResult result) throws IOException {
    return HtmlPage.of(TEMPLATE, ReportPage.of(result));
  }
}
