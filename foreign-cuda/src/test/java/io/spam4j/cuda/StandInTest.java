package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The stand-ins themselves: each case of the native test program is a test here. */
class StandInTest {
  private static final Path CLANG = Path.of("/usr/bin/clang-16");

  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> nativeCase() throws IOException {
    List<String> lines = cases(List.of(NativeBuild.tests().toString()));
    assertThat(lines).hasSizeGreaterThan(40);
    return lines.stream()
        .map(
            line ->
                DynamicTest.dynamicTest(nameOf(line), () -> assertThat(line).startsWith("ok ")));
  }

  @Test
  void ownHeader_compiles() throws IOException {
    List<String> command = new ArrayList<>(List.of("g++", "-fsyntax-only", "-DSTANDIN_OWN_HEADER"));
    command.addAll(NativeBuild.flags());
    for (String file : List.of("memory", "streams", "library", "driver", "graphs", "info")) {
      command.add("src/test/native/cudart/" + file + ".cpp");
    }
    NativeBuild.directory();

    assertThat(NativeBuild.run(command)).isEmpty();
  }

  @Test
  void clang_compiledKernel() throws IOException {
    assumeTrue(Files.isExecutable(CLANG), "the test needs clang-16: install clang-16");
    Path tests = NativeBuild.tests();
    Path ptx = folder.resolve("sample.ptx");
    NativeBuild.run(
        List.of(
            CLANG.toString(),
            "-x",
            "cuda",
            "--cuda-device-only",
            "--cuda-gpu-arch=sm_60",
            "--cuda-path=/nonexistent",
            "-nocudainc",
            "-nocudalib",
            "-O3",
            "-ffp-contract=off",
            "-Xclang",
            "-target-feature",
            "-Xclang",
            "+ptx63",
            "-S",
            "src/test/native/tests/sample.cu",
            "-o",
            ptx.toString()));

    assertThat(cases(List.of("env", "STANDIN_SAMPLE=" + ptx, tests.toString(), "sample_ofClang")))
        .containsExactly("ok sample_ofClang");
  }

  /** The lines with the outcome of each case. */
  private static List<String> cases(List<String> command) throws IOException {
    List<String> shell = new ArrayList<>(List.of("sh", "-c", "\"$@\" 2>/dev/null || true", "sh"));
    shell.addAll(command);
    return NativeBuild.run(shell).lines().toList();
  }

  private static String nameOf(String line) {
    String name = line.substring(line.indexOf(' ') + 1);
    return name.contains(":") ? name.substring(0, name.indexOf(':')) : name;
  }
}
