package io.spam4j.examples.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.examples.shell.InputFile;
import io.spam4j.tensors.internal.files.WholeFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The files of an unfinished session. Each is replaced in one step, and each makes sense beside any
 * state of the others, so that a kill at any moment leaves something to continue:
 *
 * <ul>
 *   <li>{@code session.json}: the settings. Written first and deleted first: without it the rest
 *       means nothing.
 *   <li>{@code RUN.safetensors}: weights, optimizer and {@link RunProgress} of an unfinished run,
 *       in one file, so that they always belong together.
 *   <li>{@code RUN.json}: the result of a finished run; holds where both are there.
 * </ul>
 */
final class SessionFolder {
  private static final String SESSION = "session.json";
  private static final String RESULT = ".json";
  private static final String CHECKPOINT = ".safetensors";

  // Notes of a checkpoint.
  private static final String RUN = "run";
  private static final String NEXT_BATCH = "nextBatch";
  private static final String PROGRESS = "progress";

  /** Numbers that are not finite become strings, and are read back as what they were. */
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;

  private SessionFolder(Path folder) {
    this.folder = folder;
  }

  /** The files below the folder of a report. */
  static SessionFolder of(Path report) {
    return new SessionFolder(report.resolve("checkpoints"));
  }

  /** The settings of the session that is there. */
  Optional<Session> session() throws IOException {
    return read(folder.resolve(SESSION), Session.class);
  }

  /** Makes the folder, if there is none, and writes or changes the settings. */
  void write(Session session) throws IOException {
    Files.createDirectories(folder);
    write(folder.resolve(SESSION), session);
  }

  /** The result of a run, if it is finished. */
  Optional<RunResult> result(RunName run) throws IOException {
    return read(file(run, RESULT), RunResult.class);
  }

  /** Keeps the result of a finished run; its checkpoint is not needed any more. */
  void keep(RunName run, RunResult result) throws IOException {
    write(file(run, RESULT), result);
    Files.deleteIfExists(file(run, CHECKPOINT));
  }

  /** How far a run had come at its last checkpoint; nowhere if it has none. */
  RunProgress progress(RunName run) throws IOException {
    Path file = file(run, CHECKPOINT);
    if (!Files.exists(file)) {
      return RunProgress.START;
    }
    try (Arena arena = Arena.ofConfined()) {
      var notes = Checkpoint.open(InputFile.require(file), arena).notes();
      String progress = notes.get(PROGRESS);
      if (progress == null || !run.toString().equals(notes.get(RUN))) {
        throw new IOException(
            "checkpoint must be of the run, start over without --resume: file=%s, run=%s, notes=%s"
                .formatted(file, run, notes.keySet()));
      }
      return JSON.readValue(progress, RunProgress.class);
    }
  }

  /** Brings weights and optimizer to where {@link #progress} says. */
  void load(RunName run, Optimizer optimizer) throws IOException {
    optimizer.load(file(run, CHECKPOINT), LoadOptions.strict().withWeights());
  }

  /** Saves a run that is not finished. */
  void save(RunName run, RunProgress progress, Optimizer optimizer) throws IOException {
    optimizer.save(
        file(run, CHECKPOINT),
        SaveOptions.defaults()
            .withWeights()
            .note(RUN, run.toString())
            .note(NEXT_BATCH, Integer.toString(progress.samples().size()))
            .note(PROGRESS, JSON.writeValueAsString(progress)));
  }

  /** Deletes every file that a session can have, and the folder if nothing else is in it. */
  void discard() throws IOException {
    Files.deleteIfExists(folder.resolve(SESSION));
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> files = new ArrayList<>();
    for (String optimizer : TrainingOptimizer.names()) {
      for (boolean spiked : new boolean[] {false, true}) {
        RunName run = new RunName(optimizer, spiked);
        files.add(file(run, RESULT));
        files.add(file(run, CHECKPOINT));
      }
    }
    try (Stream<Path> all = Files.list(folder)) {
      all.filter(WholeFile::isTemporary).forEach(files::add);
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
    try {
      Files.deleteIfExists(folder);
    } catch (DirectoryNotEmptyException someoneElses) {
      return; // stays with what is in it
    }
  }

  @Override
  public String toString() {
    return folder.toString();
  }

  private Path file(RunName run, String suffix) {
    return folder.resolve(run + suffix);
  }

  private static <T> Optional<T> read(Path file, Class<T> type) throws IOException {
    return Files.exists(file)
        ? Optional.of(JSON.readValue(InputFile.require(file).toFile(), type))
        : Optional.empty();
  }

  private static void write(Path file, Object value) throws IOException {
    WholeFile.write(file, JSON.writeValueAsBytes(value));
  }
}
