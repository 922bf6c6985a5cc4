package io.spam4j.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spam4j.examples.output.Browser;
import io.spam4j.examples.training.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {
  /** The tag of the document itself, where the page's script says how it went. */
  private static final Pattern ROOT = Pattern.compile("<html[^>]*>");

  @TempDir(cleanup = CleanupMode.ALWAYS)
  private Path folder = Path.of("");

  @Test
  void write_putsBothFilesIntoAFolderThatItMakes() throws IOException {
    Path page = HtmlReport.write(Samples.full(60), folder.resolve("a/b"));

    assertThat(page).isEqualTo(folder.resolve("a/b/report.html")).isNotEmptyFile();
    assertThat(folder.resolve("a/b/results.json")).isNotEmptyFile();
  }

  @Test
  void page_loadsNothing() throws IOException {
    String page = HtmlReport.page(Samples.full(60));

    assertThat(page)
        .doesNotContainPattern("(?i)<(link|img|iframe|script|object|embed)[^>]*\\s(src|href|data)=")
        .doesNotContainPattern("(?i)\\b(src|href|action)\\s*=\\s*[\"']")
        .doesNotContainPattern("(?i)\\burl\\(|@import|sourceMappingURL|XMLHttpRequest|\\bfetch\\(");
    assertThat(page).contains("Content-Security-Policy\" content=\"default-src 'none'; ");
  }

  @Test
  void page_fillsEveryPlaceholder() throws IOException {
    assertThat(HtmlReport.page(Samples.full(60)))
        .doesNotContain("{{")
        .contains("Chart.js v4")
        .contains("\"headline\":\"4 optimizers, with and without gradient spikes\"");
  }

  @Test
  void page_keepsDataInsideItsScriptElement() throws IOException {
    String page = HtmlReport.page(Samples.full(60));

    assertThat(page)
        .contains("\\u003c/script>\\u003cb>not a tag\\u003c/b>")
        .doesNotContain("<b>not a tag");
  }

  @Test
  void results_areNullWhereTheyAreNotFinite() throws IOException {
    HtmlReport.write(Samples.full(60), folder);

    JsonNode runs =
        new ObjectMapper().readTree(folder.resolve("results.json").toFile()).get("runs");
    JsonNode lost = runs.get(1);
    assertThat(lost.get("optimizer").textValue()).isEqualTo("adamw");
    assertThat(lost.get("spiked").booleanValue()).isTrue();
    assertThat(lost.get("validationPerplexity").isNull()).isTrue();
    assertThat(lost.get("samples").get(59).get("loss").isNull()).isTrue();
    assertThat(lost.get("samples").get(59).get("largestRatio").isNull()).isTrue();
    assertThat(runs.get(0).get("validationPerplexity").doubleValue()).isEqualTo(4.2);
  }

  @Test
  void browser_drawsEveryChart() throws Exception {
    String dom = dom(Samples.full(400));

    // Two of losses, four of ratios, one of clipped coordinates.
    assertThat(root(dom)).contains("data-charts=\"7\"").doesNotContain("data-error");
    assertThat(dom)
        .contains("4 optimizers, with and without gradient spikes</h1>")
        .contains(">diverged</td>")
        .contains("State, <span id=\"state\">bf16</span></th>")
        .contains("&lt;/script&gt;&lt;b&gt;not a tag&lt;/b&gt;</dd>");
  }

  @Test
  void browser_drawsAnInterruptedRun() throws Exception {
    TrainingResult stopped =
        new TrainingResult(Map.of(), List.of(Samples.stopped("spam", false, 3)), true);

    String dom = dom(stopped);

    assertThat(root(dom)).contains("data-charts=\"3\"").doesNotContain("data-error");
    assertThat(dom)
        .contains("The run was stopped before its end: what follows is what ran until then.</p>")
        .contains(">stopped at 3</td>")
        .contains(">not run</td>");
  }

  @Test
  void browser_drawsARunWithoutAnyFiniteNumber() throws Exception {
    TrainingResult lost =
        new TrainingResult(
            Map.of(), List.of(Samples.run("adamw", true, 1, Double.POSITIVE_INFINITY)), false);

    assertThat(root(dom(lost))).contains("data-charts=\"3\"").doesNotContain("data-error");
  }

  private String dom(TrainingResult result) throws IOException, InterruptedException {
    Optional<Browser> browser = Browser.find();
    assumeTrue(browser.isPresent(), "no chromium, chromium-browser or google-chrome on the PATH");
    Path page = HtmlReport.write(result, folder);
    // Kept for whoever wants to look at it.
    Path kept = Files.createDirectories(Path.of("target", "report-test"));
    Files.copy(
        page,
        kept.resolve(result.runs().size() + "-runs.html"),
        StandardCopyOption.REPLACE_EXISTING);
    return browser.orElseThrow().dom(page, folder);
  }

  private static String root(String dom) {
    return ROOT.matcher(dom).results().findFirst().orElseThrow().group();
  }
}
