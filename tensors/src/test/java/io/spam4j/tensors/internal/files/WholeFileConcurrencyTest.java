package io.spam4j.tensors.internal.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many writers of few files in one folder. */
final class WholeFileConcurrencyTest {
  private static final int FILES = 2;
  private static final int WRITERS = 3;
  private static final int WRITES = 400;

  @TempDir private Path folder;

  /** Writes files in turn. Arguments: the folder. */
  public static void main(String... args) throws IOException {
    write(Path.of(args[0]));
  }

  private static void write(Path folder) throws IOException {
    for (int i = 0; i < WRITES; i++) {
      WholeFile.write(folder.resolve("file" + i % FILES), text(i));
    }
  }

  private static byte[] text(int number) {
    return Integer.toString(number).repeat(5000).getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void write_manyThreads_neitherFailNorLeaveAnything()
      throws IOException, ExecutionException, InterruptedException {
    try (var threads = Executors.newFixedThreadPool(WRITERS)) {
      List<Future<?>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        writers.add(
            threads.submit(
                () -> {
                  write(folder);
                  return null;
                }));
      }
      for (Future<?> writer : writers) {
        assertThat(writer.get()).isNull();
      }
    }
    assertOnlyWholeFiles();
  }

  @Test
  void write_manyProcesses_neitherFailNorLeaveAnything() throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<Process> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      writers.add(
          new ProcessBuilder(
                  java,
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  WholeFileConcurrencyTest.class.getName(),
                  folder.toString())
              .redirectErrorStream(true)
              .start());
    }
    for (Process writer : writers) {
      String output = new String(writer.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(writer.waitFor()).as(output).isZero();
    }
    assertOnlyWholeFiles();
  }

  private void assertOnlyWholeFiles() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(folder.resolve("file0"), folder.resolve("file1"));
    }
    assertThat(folder.resolve("file0")).hasBinaryContent(text(WRITES - 2));
    assertThat(folder.resolve("file1")).hasBinaryContent(text(WRITES - 1));
  }
}
