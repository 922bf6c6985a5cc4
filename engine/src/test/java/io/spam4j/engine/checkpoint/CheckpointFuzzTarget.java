package io.spam4j.engine.checkpoint;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.TensorRuns;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import io.spam4j.tensors.safetensors.SafetensorsFormatException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What must hold of a checkpoint whatever a file contains: it is refused with a short message and
 * changes nothing, or it is loaded and saved again as it was. Checksums are repaired first, since
 * no fuzzer finds them. A fuzzer calls {@link #fuzzerTestOneInput}, see docs/fuzzing.md.
 */
public final class CheckpointFuzzTarget {
  private static final int LONGEST_MESSAGE = 2000;

  private static final Map<String, long[]> SHAPES =
      Map.of("a", new long[] {7, 5}, "b", new long[] {3});

  private static @Nullable TensorRuns run; // made once, not for each input

  private CheckpointFuzzTarget() {}

  /** An optimizer with selections and scalars. */
  static TensorRuns start() {
    var builder =
        StableSpam.builder().density(0.4).transforms(GradientTransform.zClip()).resetInterval(5);
    return new TensorRuns(builder.threads(1), 1, SHAPES);
  }

  /** Loads the input as it is, and again with checksums that fit. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    Path folder = Files.createTempDirectory("checkpoint");
    Path file = folder.resolve("input");
    Path repaired = folder.resolve("repaired");
    try {
      load(Files.write(file, input), folder);
      if (repair(file, repaired)) {
        load(repaired, folder);
      }
    } finally {
      for (Path path : List.of(file, repaired, folder.resolve("again"), folder)) {
        Files.deleteIfExists(path);
      }
    }
  }

  private static boolean repair(Path from, Path to) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.open(from, arena);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      Map<String, String> metadata = new LinkedHashMap<>(read.metadata());
      for (String name : read.names()) {
        tensors.put(name, read.tensor(name));
        metadata.put(CheckpointFormat.TENSOR_CRC + name, CheckpointFormat.crc(read.tensor(name)));
      }
      metadata.put(CheckpointFormat.HEADER_CRC, CheckpointFormat.headerCrc(metadata, tensors));
      Safetensors.write(to, tensors, metadata);
      return true;
    } catch (SafetensorsFormatException e) {
      return false;
    }
  }

  private static void load(Path file, Path folder) throws IOException {
    TensorRuns target = run == null ? start() : run;
    run = target;
    Snapshot before = Snapshot.of(target.optimizer);
    try {
      target.optimizer.load(file);
    } catch (CheckpointFormatException
        | SafetensorsFormatException
        | CheckpointMismatchException e) {
      Snapshot.of(target.optimizer).assertSame(before);
      String message = String.valueOf(e.getMessage());
      boolean lists = e instanceof CheckpointMismatchException; // as many as there are
      if (!message.contains(": file=" + file) || (!lists && message.length() > LONGEST_MESSAGE)) {
        throw new AssertionError("message without file, or as long as it: " + message, e);
      }
      return;
    }
    Path again = folder.resolve("again");
    target.optimizer.save(again);
    try (Arena arena = Arena.ofConfined()) {
      Checkpoint loaded = Checkpoint.open(file, arena);
      Checkpoint saved = Checkpoint.open(again, arena);
      if (loaded.steps() != saved.steps()
          || !loaded.settings().equals(saved.settings())
          || !loaded.checksums().equals(saved.checksums())
          || !scalars(loaded).equals(scalars(saved))) {
        throw new AssertionError("saved something else than was loaded");
      }
    }
  }

  private static Map<String, Object> scalars(Checkpoint checkpoint) {
    Map<String, Object> scalars = new LinkedHashMap<>();
    checkpoint
        .parameters()
        .forEach((name, of) -> scalars.put(name, List.of(of.scalars(), of.counters(), of.shape())));
    return scalars;
  }

  /** Writes files to start from. Arguments: the folder. */
  public static void main(String... args) throws IOException {
    Path folder = Files.createDirectories(Path.of(args[0]));
    try (TensorRuns seed = start()) {
      for (int t = 0; t < 8; t++) {
        seed.optimizer.save(folder.resolve("seed-" + t));
        seed.draw();
        seed.step();
      }
    }
  }
}
