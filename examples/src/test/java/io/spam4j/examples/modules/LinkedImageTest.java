package io.spam4j.examples.modules;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.engine.Optimizer;
import io.spam4j.tensors.Tensor;
import it.unimi.dsi.fastutil.longs.LongIterator;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What README says of images made by jlink, whose modules must all have descriptors. */
final class LinkedImageTest {
  private static final String FASTUTIL = "it.unimi.dsi.fastutil.core";
  private static final String OURS = "io.spam4j.engine,io.spam4j.cuda,jdk.incubator.vector";

  @TempDir Path folder;

  @Test
  void imageOfTheJdk_runsTheLibrariesFromItsModulePath() throws Exception {
    String image = folder.resolve("image").toString();
    run("jlink", "--add-modules", "java.logging,jdk.jfr,jdk.incubator.vector", "--output", image);

    String modulePath = path(ModuleLayoutTest.location(LongIterator.class));

    assertStep(image, "-p", modulePath);
  }

  @Test
  void imageWithTheLibraries_needsADescriptorOfFastutil() throws Exception {
    Path jar = folder.resolve("fastutil-core.jar");
    Files.copy(ModuleLayoutTest.location(LongIterator.class), jar);
    String generated = folder.resolve("generated").toString();
    String image = folder.resolve("image").toString();
    String[] link = {"-p", path(jar), "--add-modules", OURS, "--output", image};

    assertThat(ended(1, "jlink", link))
        .contains("automatic module cannot be used with jlink: " + FASTUTIL);

    run("jdeps", "--generate-module-info", generated, jar.toString());
    String descriptor = Path.of(generated, FASTUTIL, "module-info.java").toString();
    run("javac", "-d", generated, "--patch-module", FASTUTIL + "=" + jar, descriptor);
    run("jar", "--update", "--file", jar.toString(), "-C", generated, "module-info.class");
    run("jlink", link);

    assertStep(image);
  }

  private static void assertStep(String image, String... options)
      throws IOException, InterruptedException {
    Stream<String> command =
        Stream.of(
                Stream.of(Path.of(image, "bin", "java").toString(), "--add-modules=" + OURS),
                Stream.of(options),
                Stream.of(
                    "-cp",
                    ModuleLayoutTest.location(ModuleProbe.class).toString(),
                    ModuleProbe.class.getName()))
            .flatMap(part -> part);
    Process process = new ProcessBuilder(command.toList()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output)
        .contains("io.spam4j.tensors io.spam4j.engine io.spam4j.cuda, vectors true, moved true");
  }

  private static void run(String tool, String... arguments) {
    ended(0, tool, arguments);
  }

  /** Runs a tool of the JDK; returns what it prints. */
  private static String ended(int code, String tool, String... arguments) {
    var text = new StringWriter();
    var printer = new PrintWriter(text);
    int ended = ToolProvider.findFirst(tool).orElseThrow().run(printer, printer, arguments);
    assertThat(ended).as("%s: %s", tool, text).isEqualTo(code);
    return text.toString();
  }

  private static String path(Path fastutil) {
    return Stream.concat(
            Stream.of(fastutil),
            Stream.of(Tensor.class, Optimizer.class, CudaDevice.class)
                .map(ModuleLayoutTest::location))
        .map(Path::toString)
        .collect(Collectors.joining(File.pathSeparator));
  }
}
