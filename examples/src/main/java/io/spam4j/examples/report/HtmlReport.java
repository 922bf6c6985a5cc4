package io.spam4j.examples.report;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.spam4j.examples.lab.LabResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes {@code report.html}, one file that loads nothing and opens from disk, and beside it {@code
 * results.json}, every number of the runs. Numbers that are not finite are {@code null} in both.
 */
public final class HtmlReport {
  private static final String TEMPLATE = "/io/spam4j/examples/report/report.html";

  private static final String CHARTS =
      "/META-INF/resources/webjars/chart.js/4.4.9/dist/chart.umd.js";

  private static final Pattern PLACEHOLDER = Pattern.compile("/\\*\\{\\{(\\w+)}}\\*/");

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(
              new SimpleModule()
                  .addSerializer(Double.class, new FiniteOrNull())
                  .addSerializer(double.class, new FiniteOrNull()))
          .build();

  private HtmlReport() {}

  /**
   * Writes both files into a folder, which is made if it is not there.
   *
   * @return the path of the page
   * @throws IOException if a file cannot be written
   */
  public static Path write(LabResult result, Path folder) throws IOException {
    Files.createDirectories(folder);
    JSON.writer(SerializationFeature.INDENT_OUTPUT)
        .writeValue(folder.resolve("results.json").toFile(), result);
    return Files.writeString(folder.resolve("report.html"), page(result));
  }

  /** The page itself. */
  static String page(LabResult result) throws IOException {
    Map<String, String> parts = Map.of("charts", charts(), "data", data(result));
    // One pass: what is filled in is never searched for placeholders.
    return PLACEHOLDER
        .matcher(resource(TEMPLATE))
        .replaceAll(match -> Matcher.quoteReplacement(parts.getOrDefault(match.group(1), "")));
  }

  /** The charts' script, safe inside a script element, without the address of its source map. */
  private static String charts() throws IOException {
    return resource(CHARTS)
        .replaceAll("(?m)^//# sourceMappingURL=.*$", "")
        .replaceAll("(?i)</(script)", "<\\\\/$1");
  }

  /** The data as JSON that no HTML parser can mistake for a tag. */
  private static String data(LabResult result) throws IOException {
    return JSON.writeValueAsString(ReportPage.of(result)).replace("<", "\\u003c");
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("resource must be on the class path: resource=" + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** JSON has no infinity and no NaN. */
  private static final class FiniteOrNull extends JsonSerializer<Double> {
    @Override
    public void serialize(Double value, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      if (Double.isFinite(value)) {
        json.writeNumber(value);
      } else {
        json.writeNull();
      }
    }
  }
}
