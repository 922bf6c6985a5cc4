package io.spam4j.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.examples.lab.protocol.Declaration;
import io.spam4j.examples.lab.runs.LineTask;
import io.spam4j.examples.lab.runs.Matrix;
import io.spam4j.examples.lab.runs.RunStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab with a model of one's own, which needs no libtorch. */
class LabTest {
  private static final Matrix.Listener NOBODY = (_, _) -> {};
  private static final List<String> ALL =
      Declaration.shipped().experiments().stream().map(e -> e.name()).toList();

  @TempDir Path folder;

  private static Matrix matrix(Lab lab) throws IOException {
    return lab.matrix(new LineTask(), ALL, "smoke", NOBODY);
  }

  private static String page(Lab lab) throws IOException {
    return LabPage.of(lab.declaration(), lab.asked(), lab.store());
  }

  private static Map<String, String> runs(Path results) throws IOException {
    Map<String, String> runs = new TreeMap<>();
    try (Stream<Path> files = Files.list(results.resolve("runs"))) {
      for (Path file : files.toList()) {
        String line = Files.readString(file);
        runs.put(file.getFileName().toString(), line.replaceAll("\"seconds\":.*", ""));
      }
    }
    return runs;
  }

  @Test
  void allExperiments_runToVerdicts() throws IOException {
    Lab lab = new Lab(folder);
    Matrix matrix = matrix(lab);
    assertThat(matrix.left()).isPositive();
    assertThat(matrix.run(2, () -> false, () -> false)).isTrue();
    assertThat(matrix.left()).isZero();
    assertThat(page(lab))
        .contains("SPAM ends lower than Adam.", "`stable-spam-bf16` |", "| 0 of 2 |")
        .contains(lab.declaration().checksum())
        .doesNotContain("not run", "missing", "diverged 1");
  }

  /** Digits depend neither on how many runs go at once nor on when they were stopped. */
  @Test
  void runsThatAreStoppedAnywhere_endInTheSameReport() throws IOException {
    Lab whole = new Lab(folder.resolve("whole"));
    matrix(whole).run(1, () -> false, () -> false);

    Lab stopped = new Lab(folder.resolve("stopped"));
    boolean complete = false;
    int rounds = 0;
    while (!complete) {
      AtomicInteger steps = new AtomicInteger();
      complete = matrix(stopped).run(2, () -> false, () -> steps.incrementAndGet() > 300);
      rounds++;
    }
    assertThat(rounds).isGreaterThan(3);
    assertThat(runs(folder.resolve("stopped"))).isEqualTo(runs(folder.resolve("whole")));
    assertThat(page(stopped)).isEqualTo(page(whole));
  }

  @Test
  void aRunThatIsDeleted_isTheSameWhenItIsRunAgain() throws IOException {
    Lab lab = new Lab(folder);
    matrix(lab).run(2, () -> false, () -> false);
    Map<String, String> before = runs(folder);
    String name = before.keySet().iterator().next();
    Files.delete(folder.resolve("runs").resolve(name));
    assertThat(matrix(lab).left()).isPositive();
    AtomicInteger again = new AtomicInteger();
    lab.matrix(new LineTask(), ALL, "smoke", (_, _) -> again.incrementAndGet())
        .run(1, () -> false, () -> false);
    assertThat(again).hasValue(1);
    assertThat(runs(folder)).isEqualTo(before);
  }

  @Test
  void noRunIsBegun_onceItIsEnough() throws IOException {
    Lab lab = new Lab(folder);
    assertThat(matrix(lab).run(2, () -> true, () -> false)).isFalse();
    assertThat(lab.store().all()).isEmpty();
    assertThat(page(lab)).contains("**not run**", "runs are missing");
  }

  @Test
  void filesThatAreNoRuns_areRefusedByName() throws IOException {
    Path runs = Files.createDirectories(folder.resolve("runs"));
    Path file = Files.writeString(runs.resolve("0123456789abcdef.json"), "{\"format\":7}");
    assertThatThrownBy(() -> RunStore.open(runs))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("delete it")
        .hasMessageContaining(file.toString());
    Files.delete(file);

    Lab lab = new Lab(folder);
    matrix(lab).run(1, () -> lab(folder) > 0, () -> false);
    Path first;
    try (Stream<Path> files = Files.list(runs)) {
      first = files.findFirst().orElseThrow();
    }
    byte[] line = Files.readAllBytes(first);
    Path renamed = runs.resolve("0123456789abcdef.json");
    Files.move(first, renamed);
    assertThat(new String(line, StandardCharsets.UTF_8)).contains("\"format\":1");
    assertThatThrownBy(() -> RunStore.open(runs)).hasMessageContaining("named by its settings");
  }

  private static int lab(Path folder) {
    try {
      return new Lab(folder).store().all().size();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void unknownExperiments_areRefusedAndLeaveNothing() {
    Lab lab = new Lab(folder);
    assertThatThrownBy(() -> lab.matrix(new LineTask(), List.of("pretrain", "x"), "smoke", NOBODY))
        .hasMessageContaining("experiment=x");
    assertThat(folder).isEmptyDirectory();
  }
}
