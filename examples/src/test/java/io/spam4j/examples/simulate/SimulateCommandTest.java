package io.spam4j.examples.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spam4j.examples.output.Browser;
import io.spam4j.examples.shell.OutputLock;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class SimulateCommandTest {
  private static final Pattern DATA =
      Pattern.compile("<script type=\"application/json\" id=\"data\">(.*?)</script>");

  @TempDir(cleanup = CleanupMode.ALWAYS)
  private Path folder = Path.of("");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void fontsAreThere() {
    assumeTrue(Fonts.obstacle().isEmpty(), () -> Fonts.obstacle().orElse(""));
  }

  private int simulate(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--output", folder.resolve("a/b").toString()));
    return new CommandLine(new SimulateCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(all.toArray(String[]::new));
  }

  @Test
  void simulate_whileAnotherWritesToTheFolder_isRefused() throws IOException {
    try (OutputLock _ = OutputLock.of(folder.resolve("a/b"), "simulation")) {
      assertThat(simulate("--seeds", "50")).isEqualTo(1);
    }

    assertThat(err.toString()).contains("another simulation writes to this folder");
    assertThat(folder.resolve("a/b")).isEmptyDirectory();
    assertThat(simulate("--seeds", "50")).isZero();
  }

  @Test
  void output_isTheTable_andWhereTheFilesAre() {
    assertThat(simulate("--seeds", "50")).isEqualTo(0);

    assertThat(out.toString().replace(System.lineSeparator(), "\n"))
        .isEqualTo(
            """
            g ~ N(0.1, variance 0.1), replaced by 10 at t = 30; mean of 50 seeds, beta1 = 0.9, beta2 = 0.999

                                                             measured  std error   expected
            without the spike
              m at t = 30                                      0.1082     0.0091     0.0958
              standard deviation of m, t from 60              0.07280    0.00189    0.07255
              v at t = 30                                    0.003143   0.000090   0.003253
              v at t = 200                                    0.02004    0.00029    0.01995
            adam
              gradient taken at t = 30, root mean square        10.00      1e-08      10.00
              m at t = 30                                       1.100      0.008      1.086
              excess of m at t = 60                           0.04204    0.00019    0.04197
              excess of m at t = 80                          0.005111   0.000023   0.005102
              steps until excess of m < deviation of m             25          -         25
              steps until excess of m < 1 %% of its start           44          -         44
              v at t = 30                                      0.1030     0.0001     0.1031
              excess of v at t = 200                          0.08427    0.00002    0.08427
              v at t = 200                                     0.1043     0.0003     0.1042
            spam-5000
              gradient taken at t = 30, root mean square        3.901      0.057      3.966
              m at t = 30                                      0.4880     0.0106          -
              excess of m at t = 60                           0.01610    0.00030          -
              excess of m at t = 80                          0.001957   0.000036          -
              steps until excess of m < deviation of m             16          -          -
              steps until excess of m < 1 %% of its start           44          -         44
              v at t = 30                                     0.01826    0.00053    0.01887
              excess of v at t = 200                          0.01275    0.00038    0.01318
              v at t = 200                                    0.03280    0.00055    0.03312
            spam-1000
              gradient taken at t = 30, root mean square        1.745      0.026      1.774
              m at t = 30                                      0.2735     0.0089          -
              excess of m at t = 60                          0.007004   0.000212          -
              excess of m at t = 80                         0.0008515  0.0000258          -
              steps until excess of m < deviation of m              8          -          -
              steps until excess of m < 1 %% of its start           44          -         44
              v at t = 30                                    0.006084   0.000178   0.006288
              excess of v at t = 200                         0.002481   0.000078   0.002561
              v at t = 200                                    0.02253    0.00032    0.02251
            stable-spam
              gradient taken at t = 30, root mean square        1.122      0.010          -
              m at t = 30                                      0.3469     0.0257          -
              excess of m at t = 60                        -0.0002578  0.0034094          -
              excess of m at t = 80                          -0.01031    0.00201          -
              steps until excess of m < deviation of m              0          -          -
              steps until excess of m < 1 %% of its start           29          -          -
              v at t = 30                                     0.02382    0.00055          -
              excess of v at t = 200                        -0.008506   0.000133          -
              v at t = 200                                     0.1396     0.0007          -

            report: %s
            picture: %s
            """
                .formatted(
                    folder.resolve("a/b/report.html").toAbsolutePath(),
                    folder.resolve("a/b/moments.png").toAbsolutePath()));
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void options_changeTheGradients() {
    assertThat(simulate("--seeds", "2", "--mode", "add", "--distribution", "uniform")).isEqualTo(0);

    assertThat(out.toString())
        .startsWith(
            "g ~ U[0.1, 0.2), plus 10 at t = 30; mean of 2 seeds, beta1 = 0.9, beta2 = 0.999"
                + System.lineSeparator());
  }

  @Test
  void options_outOfRangeAreWrongUsage() {
    assertThat(simulate("--seeds", "1")).isEqualTo(2);
    assertThat(simulate("--mode", "twice")).isEqualTo(2);
    assertThat(simulate("--distribution", "Gaussian")).isEqualTo(2);

    assertThat(err.toString())
        .contains("seeds must be in [2, 10000000]: seeds=1")
        .contains("mode must be one of replace, add: mode=twice")
        .contains("distribution must be one of gaussian, uniform: distribution=Gaussian");
    assertThat(folder.resolve("a")).doesNotExist();
  }

  @Test
  void picture_showsEveryContender() throws IOException {
    simulate("--seeds", "20");

    BufferedImage picture = ImageIO.read(folder.resolve("a/b/moments.png").toFile());
    assertThat(picture.getWidth()).isEqualTo(2000);
    assertThat(picture.getHeight()).isEqualTo(960);
    // Grey without the spike, then Adam, SPAM 5000 and SPAM 1000, in both panels and the legend.
    for (int colour : new int[] {0x5b6472, 0xb4560a, 0x1f5fbf, 0x8b3fa8, 0x0b7a5c}) {
      assertThat(pixels(picture, colour, 0, 1000, 220, 780)).as("left %x", colour).isPositive();
      assertThat(pixels(picture, colour, 1000, 2000, 220, 780)).as("right %x", colour).isPositive();
      assertThat(pixels(picture, colour, 0, 2000, 880, 960)).as("legend %x", colour).isPositive();
    }
    // The text of the title is there: dark pixels at the top left.
    assertThat(pixels(picture, 0x1b1f27, 0, 1100, 30, 90)).isGreaterThan(1000);
  }

  private static int pixels(
      BufferedImage picture, int colour, int left, int right, int top, int bottom) {
    int count = 0;
    for (int y = top; y < bottom; y++) {
      for (int x = left; x < right; x++) {
        if ((picture.getRGB(x, y) & 0xffffff) == colour) {
          count++;
        }
      }
    }
    return count;
  }

  @Test
  void page_holdsTheData_andLoadsNothing() throws IOException {
    simulate("--seeds", "20");

    String page = Files.readString(folder.resolve("a/b/report.html"));
    assertThat(page)
        .doesNotContain("{{")
        .contains("Chart.js v4")
        .contains("Content-Security-Policy\" content=\"default-src 'none'; ")
        .doesNotContainPattern("(?i)<(link|img|iframe|script|object|embed)[^>]*\\s(src|href|data)=")
        .doesNotContainPattern("(?i)\\burl\\(|@import|sourceMappingURL|XMLHttpRequest|\\bfetch\\(");
    Matcher matcher = DATA.matcher(page);
    assertThat(matcher.find()).isTrue();
    JsonNode data = new ObjectMapper().readTree(matcher.group(1));
    JsonNode results = new ObjectMapper().readTree(folder.resolve("a/b/results.json").toFile());
    JsonNode adam = results.at("/result/outcomes/0");
    assertThat(adam.get("label").textValue()).isEqualTo("Adam");
    assertThat(data.at("/panels/0/lines/1/label").textValue()).isEqualTo("Adam");
    assertThat(data.at("/panels/0/lines/1/mean/y")).isEqualTo(adam.at("/first/mean"));
    assertThat(data.at("/panels/1/lines/1/mean/y")).isEqualTo(adam.at("/second/mean"));
    assertThat(data.at("/panels/1/lines/0/mean/y")).isEqualTo(adam.at("/cleanSecond/mean"));
    assertThat(adam.at("/first/mean")).hasSize(201);
    assertThat(data.at("/groups/1/rows/0/0").textValue())
        .isEqualTo("gradient taken at t = 30, root mean square");
    assertThat(data.at("/groups/1/rows/0/1").textValue()).isEqualTo("10.00");
    assertThat(results.at("/findings/groups/1/findings/0/expected").doubleValue()).isEqualTo(10);
    assertThat(results.at("/findings/groups/2/findings/1/expected").isNull()).isTrue();
  }

  @Test
  void browser_drawsBothCharts() throws Exception {
    simulate("--seeds", "20");
    Optional<Browser> browser = Browser.find();
    assumeTrue(browser.isPresent(), "no chromium, chromium-browser or google-chrome on the PATH");
    // Kept for whoever wants to look at it.
    Path kept = Files.createDirectories(Path.of("target", "report-test"));
    for (String name : List.of("report.html", "moments.png")) {
      Files.copy(
          folder.resolve("a/b").resolve(name),
          kept.resolve("simulate-" + name),
          StandardCopyOption.REPLACE_EXISTING);
    }

    String dom = browser.orElseThrow().dom(folder.resolve("a/b/report.html"), folder);

    assertThat(dom.substring(0, dom.indexOf("<head>")))
        .contains("data-charts=\"2\"")
        .doesNotContain("data-error");
    assertThat(dom)
        .contains("What one gradient spike does to the moments</h1>")
        .contains("SPAM, θ = 1000</th>")
        .contains("<td>10.00</td>");
  }
}
