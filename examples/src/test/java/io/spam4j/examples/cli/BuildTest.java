package io.spam4j.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the POMs make of another JDK and of the build with which {@code ./spam4j} starts: Maven
 * itself, offline, on copies of the POMs beside a source or two.
 */
@EnabledOnOs(
    value = {OS.LINUX, OS.MAC},
    disabledReason = "mvn is a program by another name on Windows")
@EnabledIfSystemProperty(
    named = BuildTest.REPOSITORY,
    matches = ".+",
    disabledReason = "only Surefire says where what Maven has fetched lies")
@EnabledIf(value = "mavenIsOnThePath", disabledReason = "no mvn on the PATH")
class BuildTest {
  /** Set by Surefire. */
  static final String REPOSITORY = "localRepository";

  /** What NullAway refuses. */
  private static final String UNCHECKED =
      """
      package io.spam4j.tensors;

      class Unchecked {
        String nothing() {
          return null;
        }
      }
      """;

  @TempDir private Path folder = Path.of("");

  private Path root = Path.of("");

  private record Outcome(int code, String output) {}

  static boolean mavenIsOnThePath() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "mvn")));
  }

  @BeforeEach
  void copyPoms() throws IOException {
    folder = folder.toRealPath();
    root = Files.createDirectory(folder.resolve("checkout"));
    Path project = Path.of("..").toRealPath();
    for (String file :
        List.of(
            "spam4j",
            "pom.xml",
            ".mvn/jvm.config",
            "tensors/pom.xml",
            "engine/pom.xml",
            "foreign-cuda/pom.xml",
            "adapters/javacpp-pytorch/pom.xml",
            "examples/pom.xml",
            "jmh/pom.xml")) {
      Path copy = root.resolve(file);
      Files.createDirectories(Objects.requireNonNull(copy.getParent()));
      Files.copy(project.resolve(file), copy);
    }
  }

  @Test
  void anotherJdk_isToldWhatToDoBeforeAnythingIsFetched() throws Exception {
    assertRefused(root);
    assertRefused(root.resolve("engine"));
  }

  private void assertRefused(Path module) throws IOException, InterruptedException {
    Path repository = Files.createTempDirectory(folder, "empty");

    Outcome outcome =
        maven(module, "-Djava.version=17.0.15", "-Dmaven.repo.local=" + repository, "verify");

    assertThat(outcome.code()).as(outcome.output()).isEqualTo(1);
    assertThat(outcome.output())
        .contains(
            " Java 17.0.15: spam4j needs Maven to run on JDK 25: set JAVA_HOME to a JDK 25, or use"
                + " ./spam4j, which looks for one")
        .contains(" has 1 error\n");
    try (Stream<Path> fetched = Files.list(repository)) {
      assertThat(fetched).isEmpty();
    }
  }

  @Test
  void quickBuild_hasNoTestsAndNoChecksAndDoesNotPassForACheckedOne() throws Exception {
    write("src/main/java/io/spam4j/tensors/Unchecked.java", UNCHECKED);
    write("src/test/java/io/spam4j/tensors/NoTest.java", "no Java");

    Outcome quick = tensors("-Dspam4j.quick", "package");

    assertThat(quick.code()).as(quick.output()).isZero();
    Path target = root.resolve("tensors/target");
    assertThat(target.resolve("quick/spam4j-tensors-0.1.0-SNAPSHOT.jar")).exists();
    assertThat(target).isDirectoryContaining(path -> path.endsWith("quick"));
    assertThat(target.resolve("classes")).doesNotExist();

    Outcome checked = tensors("compile");

    assertThat(checked.code()).as(checked.output()).isEqualTo(1);
    assertThat(checked.output())
        .contains(
            "[NullAway] returning @Nullable expression from method with @NonNull return type");
  }

  private void write(String file, String text) throws IOException {
    Path path = root.resolve("tensors").resolve(file);
    Files.createDirectories(Objects.requireNonNull(path.getParent()));
    Files.writeString(path, text);
  }

  private Outcome tensors(String... arguments) throws IOException, InterruptedException {
    write(
        "src/main/java/module-info.java",
        """
        @org.jspecify.annotations.NullMarked
        module io.spam4j.tensors {
          requires static org.jspecify;
        }
        """);
    List<String> all =
        new ArrayList<>(
            List.of("-pl", "tensors", "-Dmaven.repo.local=" + System.getProperty(REPOSITORY)));
    all.addAll(List.of(arguments));
    return maven(root, all.toArray(String[]::new));
  }

  private Outcome maven(Path module, String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("mvn", "-o", "-B", "-ntp", "-Dstyle.color=never"));
    command.addAll(List.of(arguments));
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(module.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    int code = builder.start().waitFor();
    return new Outcome(code, Files.readString(log));
  }
}
