package io.spam4j.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The README's examples are this code, and that for the CPU works. */
final class QuickstartTest {
  @Test
  void quickstart_findsTheTarget() {
    // targets are up to 3 away; a run that spikes wrecked would stay far from them
    assertThat(Quickstart.run(1000, 400)).isLessThan(0.05);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Quickstart", "GpuQuickstart"})
  void readme_showsTheQuickstart(String name) throws IOException {
    Path file = Path.of("src/main/java/io/spam4j/examples/quickstart/" + name + ".java");
    String source = Files.readString(file);
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
