package io.spam4j.examples.lab.runs;

import io.spam4j.examples.lab.protocol.Outcome;
import io.spam4j.examples.lab.protocol.Outcomes;
import io.spam4j.examples.lab.protocol.RunSettings;
import io.spam4j.tensors.internal.files.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** A folder with a file for each run that ended, named by the key of its settings. */
public final class RunStore implements Outcomes {
  private static final String SUFFIX = ".json";

  private final Path folder;
  private final Map<RunSettings, RunRecord> records = new ConcurrentHashMap<>();

  private RunStore(Path folder) {
    this.folder = folder;
  }

  /**
   * Reads what is in a folder, which need not be there.
   *
   * @throws IOException if a file of a run cannot be read, or is none, or has another run's name
   */
  public static RunStore open(Path folder) throws IOException {
    var store = new RunStore(folder);
    if (Files.isDirectory(folder)) {
      List<Path> files;
      try (Stream<Path> all = Files.list(folder)) {
        files = all.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
      }
      for (Path file : files) {
        RunRecord record = read(file);
        store.records.put(record.settings(), record);
      }
    }
    return store;
  }

  private static RunRecord read(Path file) throws IOException {
    RunRecord record;
    try {
      record = RunRecord.of(Files.readAllBytes(file));
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException(
          "file must be a run of the lab, delete it to run it again: file=%s, cause=%s"
              .formatted(file, e.getMessage()),
          e);
    }
    String name = record.settings().key() + SUFFIX;
    if (!file.endsWith(name)) {
      throw new IOException(
          "file must be named by its settings, delete it to run it again: file=%s, name=%s"
              .formatted(file, name));
    }
    return record;
  }

  @Override
  public Optional<Outcome> of(RunSettings run) {
    return find(run).map(RunRecord::outcome);
  }

  /** A run, if it is there. */
  public Optional<RunRecord> find(RunSettings run) {
    return Optional.ofNullable(records.get(run));
  }

  /** All that are there. */
  public Collection<RunRecord> all() {
    return List.copyOf(records.values());
  }

  /** Writes a run, in one step. */
  void add(RunRecord record) throws IOException {
    Files.createDirectories(folder);
    WholeFile.write(folder.resolve(record.settings().key() + SUFFIX), record.line());
    records.put(record.settings(), record);
  }
}
