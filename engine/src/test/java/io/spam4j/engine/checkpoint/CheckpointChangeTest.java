package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.ResumeRun;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.ZeroCopies;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What becomes of a file, and of an optimizer, if something changes while one is saved or loaded.
 */
final class CheckpointChangeTest {
  @TempDir private Path folder;

  private interface Change {
    void make() throws IOException;
  }

  /** Loads, and makes a change after the file was checked and before it is copied. */
  private static void load(Optimizer optimizer, Path file, Change change) throws IOException {
    optimizer.load(file, changing(LoadOptions.strict().withWeights(), change));
  }

  private static LoadOptions changing(LoadOptions options, Change change) {
    var made = new AtomicBoolean();
    return options.renaming(
        name -> {
          if (!made.getAndSet(true)) {
            try {
              change.make();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
          return name;
        });
  }

  private Path saved(String name) throws IOException {
    Path file = folder.resolve("file");
    try (var run = ResumeRun.start(OptimizerCases.named(name), 1)) {
      run.runTo(60, 0).save(file);
    }
    return file;
  }

  /** Where a tensor's bytes begin in a file: it has them at one place only. */
  private static long place(Path file, String tensor) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors opened = Safetensors.open(file, arena);
      long end = Files.size(file);
      for (String name : opened.names().reversed()) {
        end -= opened.tensor(name).bytes();
        if (name.equals(tensor)) {
          return end;
        }
      }
    }
    throw new AssertionError(tensor);
  }

  private static void flip(Path file, long at) throws IOException {
    try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int old = bytes.read();
      bytes.seek(at);
      bytes.write(old ^ 1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "sparse", "adafactor", "lion"})
  void load_fileThatIsOverwrittenMeanwhile_isRefusedAndChangesNothing(String name)
      throws IOException {
    Path file = saved(name);
    for (String tensor : new String[] {"state.matrix", "weights.vector"}) {
      for (long steps : new long[] {0, 53}) {
        byte[] whole = Files.readAllBytes(file);
        String first = first(file, tensor);
        long at = place(file, first);
        try (var run = ResumeRun.start(OptimizerCases.named(name), 1)) {
          run.runTo(steps, 0);
          Snapshot before = Snapshot.of(run.optimizer);

          assertThatThrownBy(() -> load(run.optimizer, file, () -> flip(file, at)))
              .isInstanceOf(CheckpointFormatException.class)
              .hasMessageStartingWith(
                  "checkpoint must not be changed while it is loaded, load it again: file=%s,"
                      + " tensor=%s, ",
                  file, first);

          Snapshot.of(run.optimizer).assertSame(before);
          Files.write(file, whole);
          run.load(file);
          try (var other = ResumeRun.start(OptimizerCases.named(name), 1)) {
            other.load(file);
            Snapshot.of(run.runTo(75, 60).optimizer)
                .assertSame(Snapshot.of(other.runTo(75, 60).optimizer));
          }
        }
      }
    }
  }

  private static String first(Path file, String prefix) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return Safetensors.open(file, arena).names().stream()
          .filter(name -> name.startsWith(prefix) && !name.endsWith("mask"))
          .findFirst()
          .orElseThrow();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "sparse"})
  void load_fileThatBecomesShorterMeanwhile_isRefusedAndChangesNothing(String name)
      throws IOException {
    Path file = saved(name);
    byte[] whole = Files.readAllBytes(file);
    for (int kept : new int[] {0, whole.length / 2, whole.length - 1}) {
      Files.write(file, whole);
      try (var run = ResumeRun.start(OptimizerCases.named(name), 1)) {
        run.runTo(53, 0);
        Snapshot before = Snapshot.of(run.optimizer);

        assertThatThrownBy(
                () ->
                    load(
                        run.optimizer,
                        file,
                        () -> {
                          try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
                            bytes.setLength(kept);
                          }
                        }))
            .isInstanceOf(IOException.class)
            .hasMessage(
                "safetensors file must not become shorter while it is read: file=%s, bytes=%d,"
                    + " now=%d",
                file, whole.length, kept);

        Snapshot.of(run.optimizer).assertSame(before);
        Snapshot.of(run.runTo(60, 53).optimizer);
      }
    }
  }

  @Test
  void reader_fileThatChangesMeanwhile_isSeenOrAnException() throws IOException {
    Path file = saved("adamw");
    String first = first(file, "weights.vector");
    long at = place(file, first);
    try (Arena arena = Arena.ofConfined();
        CheckpointReader reader = CheckpointReader.open(file, arena)) {
      Tensor weights = Objects.requireNonNull(reader.checkpoint().weights().get("vector"));
      Tensor before = reader.copy(weights, arena);
      assertThat(reader.damaged()).isEmpty();

      flip(file, at);

      assertThat(reader.damaged()).containsExactly(first);
      assertThat(before.memory().mismatch(reader.copy(weights, arena).memory())).isZero();
      try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
        bytes.setLength(at);
      }
      assertThatThrownBy(() -> reader.copy(weights, arena)).isInstanceOf(IOException.class);
      assertThatThrownBy(reader::damaged).isInstanceOf(IOException.class);
    }
  }

  @Test
  void load_fileThatIsReplacedMeanwhile_isTheOneThatWasOpened() throws IOException {
    Path file = saved("adamw");
    Path other = Files.writeString(folder.resolve("other"), "no checkpoint");
    try (var run = ResumeRun.start(OptimizerCases.named("adamw"), 1);
        var expected = ResumeRun.start(OptimizerCases.named("adamw"), 1)) {
      expected.load(file);

      load(run.optimizer, file, () -> Files.move(other, file, StandardCopyOption.REPLACE_EXISTING));

      Snapshot.of(run.optimizer).assertSame(Snapshot.of(expected.optimizer));
    }
  }

  @Test
  void planner_fileThatIsOverwrittenMeanwhile_isRefusedBeforeADeviceHasAnyOfIt()
      throws IOException {
    Path file = folder.resolve("file");
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("w", new long[] {30});
    try (StepPlanner planner = AdamW.builder().planner(shapes, new ZeroCopies(shapes))) {
      planner.save(file, SaveOptions.defaults().withWeights());
      long at = place(file, "weights.w");
      LoadOptions options = LoadOptions.strict().withWeights();

      assertThatThrownBy(() -> planner.load(file, changing(options, () -> flip(file, at))))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessageStartingWith(
              "checkpoint must not be changed while it is loaded, load it again: file=%s,"
                  + " tensor=weights.w, ",
              file);

      flip(file, at);
      try (RestoredState restored = planner.load(file, options)) {
        flip(file, at); // what was read is there whatever becomes of the file
        assertThat(restored.weights(0).orElseThrow().toFloats()).containsOnly(0);
        restored.commit();
      }
    }
  }

  @Test
  void save_whileSomebodyWritesToTheWeights_isAWholeFile() throws Exception {
    Path file = folder.resolve("torn");
    Tensor weights = Tensor.of(new float[3_000_000], 3_000_000);
    var done = new AtomicBoolean();
    var begun = new CountDownLatch(1);
    var writer =
        new Thread(
            () -> {
              for (int i = 0; !done.get(); i++) {
                for (int k = 0; k < 3_000_000; k += 1000) {
                  weights.setFloat(k, i);
                }
                begun.countDown();
              }
            });
    writer.start();
    try (Optimizer optimizer =
        AdamW.builder().threads(1).build(List.of(new Parameter("w", weights)))) {
      begun.await();
      for (int i = 0; i < 10; i++) {
        optimizer.save(file, SaveOptions.defaults().withWeights());
        try (Arena arena = Arena.ofConfined()) {
          assertThat(Checkpoint.open(file, arena).damaged()).isEmpty();
        }
      }
      done.set(true);
      writer.join();
      optimizer.load(file, LoadOptions.strict().withWeights());
    } finally {
      done.set(true);
    }
  }

  @Test
  void save_keepsTheModeOfTheFile() throws IOException {
    Path file = saved("adamw");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    try (var run = ResumeRun.start(OptimizerCases.named("adamw"), 1)) {
      run.save(file);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }
}
