package io.spam4j.javacpp.pytorch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first use on a machine. Where another libtorch is installed in a folder of the system, this
 * ends the JVM if libraries are unpacked one by one.
 */
final class TorchLibrariesTest {
  @TempDir private Path folder;

  /** Another process, of which libtorch is used for the first time. */
  static final class FirstUse {
    public static void main(String[] arguments) {
      TorchLibraries.load();
      TorchLibraries.load();
      try (Tensor two = torch.ones(2)) {
        System.out.println("elements " + two.numel());
      }
    }
  }

  @Test
  void load_withNothingUnpacked_loads() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache"),
                    "-XX:-CreateCoredumpOnCrash",
                    "-XX:ErrorFile=" + folder.resolve("crash"),
                    "-cp",
                    System.getProperty("java.class.path"),
                    FirstUse.class.getName()))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);

    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("elements 2");
  }
}
