package io.spam4j.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The README's example is this code, and it works. */
final class QuickstartTest {
  @Test
  void quickstart_findsTheTarget() {
    // targets are up to 3 away; a run that spikes wrecked would stay far from them
    assertThat(Quickstart.run(1000, 400)).isLessThan(0.05);
  }

  @Test
  void readme_showsTheQuickstart() throws IOException {
    String source =
        Files.readString(Path.of("src/main/java/io/spam4j/examples/quickstart/Quickstart.java"));
    String region =
        source.substring(
            source.indexOf("// README: begin\n") + 17, source.indexOf("\n  // README: end"));
    String shown =
        region
            .lines()
            .map(line -> line.replaceFirst("^ {2}", ""))
            .collect(Collectors.joining("\n"));
    assertThat(Files.readString(Path.of("../README.md"))).contains("```java\n" + shown + "\n```");
  }
}
