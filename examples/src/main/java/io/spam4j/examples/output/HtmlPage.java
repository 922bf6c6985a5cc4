package io.spam4j.examples.output;

import io.spam4j.tensors.internal.files.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pages that are one file, load nothing and open from disk, and the results beside them as JSON.
 * Numbers that are not finite are {@code null} in both.
 *
 * <p>A page is a template with these placeholders, each in the comment signs of its language:
 * {@code style}, {@code data} (as JSON, in the element with the id {@code data}), {@code helpers}
 * (page.js, which reads the data), {@code charts} (Chart.js).
 */
public final class HtmlPage {
  private static final String PARTS = "/io/spam4j/examples/output/";

  private static final String CHARTS =
      "/META-INF/resources/webjars/chart.js/4.4.9/dist/chart.umd.js";

  private static final Pattern PLACEHOLDER = Pattern.compile("/\\*\\{\\{(\\w+)}}\\*/");

  private HtmlPage() {}

  /**
   * Fills a template.
   *
   * @param template its name on the class path, from the root
   * @param data what the page's script reads
   * @throws IOException if a part is missing or the data cannot be written as JSON
   */
  public static String of(String template, Object data) throws IOException {
    Map<String, String> parts =
        Map.of(
            "style",
            "\n" + resource(PARTS + "page.css"),
            "charts",
            charts(),
            "data",
            data(data),
            "helpers",
            "\n" + resource(PARTS + "page.js"));
    // One pass: what is filled in is never searched for placeholders.
    return PLACEHOLDER
        .matcher(resource(template))
        .replaceAll(match -> Matcher.quoteReplacement(parts.getOrDefault(match.group(1), "")));
  }

  /**
   * Writes results as indented JSON.
   *
   * @throws IOException if the file cannot be written
   */
  public static void writeResults(Path file, Object results) throws IOException {
    WholeFile.write(file, Json.indented(results));
  }

  /**
   * Writes a page.
   *
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, String page) throws IOException {
    WholeFile.write(file, page);
  }

  /** The charts' script, safe inside a script element, without the address of its source map. */
  private static String charts() throws IOException {
    return resource(CHARTS)
        .replaceAll("(?m)^//# sourceMappingURL=.*$", "")
        .replaceAll("(?i)</(script)", "<\\\\/$1");
  }

  /** The data as JSON that no HTML parser can mistake for a tag. */
  private static String data(Object data) throws IOException {
    return Json.compact(data).replace("<", "\\u003c");
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = HtmlPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("resource must be on the class path: resource=" + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
