package io.spam4j.examples.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spam4j.examples.lab.protocol.Declaration;
import io.spam4j.examples.lab.protocol.Design;
import io.spam4j.examples.lab.protocol.RunSettings;
import io.spam4j.examples.lab.runs.Matrix;
import io.spam4j.examples.lab.runs.RunStore;
import io.spam4j.examples.lab.runs.Task;
import io.spam4j.tensors.internal.files.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder of results: below it {@code runs} has a file for each run that ended, {@code designs}
 * one for each experiment that was asked for, at its preset and on its task. What is there is never
 * run again; a run that is deleted and run again is the same to the byte, but for its seconds.
 */
public final class Lab {
  private static final String RUNS = "runs";
  private static final String DESIGNS = "designs";
  private static final String SUFFIX = ".json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final Declaration declaration;

  /** A lab of the shipped experiments that keeps its results in a folder. */
  public Lab(Path folder) {
    this(folder, Declaration.shipped());
  }

  Lab(Path folder, Declaration declaration) {
    this.folder = folder;
    this.declaration = declaration;
  }

  /** What was declared. */
  public Declaration declaration() {
    return declaration;
  }

  /**
   * Asks for experiments, and tells which runs they need; {@link Matrix#run} does them.
   *
   * @param names of experiments
   * @param preset how much is run
   * @throws IllegalArgumentException if there is no experiment or preset of a name
   * @throws IOException if results cannot be read, or the designs not written
   */
  public Matrix matrix(Task task, List<String> names, String preset, Matrix.Listener listener)
      throws IOException {
    RunSettings settings = RunSettings.of(task.settings());
    List<Design> designs = new ArrayList<>();
    for (String name : names) {
      designs.add(new Design(declaration.experiment(name), declaration.preset(preset), settings));
    }
    RunStore store = store();
    for (String name : names) {
      write(name, preset, settings);
    }
    return new Matrix(task, designs, store, listener);
  }

  private void write(String experiment, String preset, RunSettings task) throws IOException {
    ObjectNode design = JSON.createObjectNode();
    design.put("experiment", experiment);
    design.put("preset", preset);
    ObjectNode settings = design.putObject("task");
    task.values().forEach(settings::put);
    Path designs = Files.createDirectories(folder.resolve(DESIGNS));
    Path file = designs.resolve("%s-%s-%s%s".formatted(experiment, preset, task.key(), SUFFIX));
    byte[] text = (JSON.writeValueAsString(design) + "\n").getBytes(StandardCharsets.UTF_8);
    WholeFile.write(file, text);
  }

  /** The results that are there. */
  public RunStore store() throws IOException {
    return RunStore.open(folder.resolve(RUNS));
  }

  /**
   * All that was asked for, in the order of the declaration and then of the names of files.
   *
   * @throws IOException if a design cannot be read, or is of an experiment that is not declared
   */
  public List<Asked> asked() throws IOException {
    Path designs = folder.resolve(DESIGNS);
    List<Asked> asked = new ArrayList<>();
    if (!Files.isDirectory(designs)) {
      return asked;
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(designs)) {
      files = all.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
    }
    for (Path file : files) {
      asked.add(read(file));
    }
    asked.sort((a, b) -> Integer.compare(order(a), order(b)));
    return asked;
  }

  private int order(Asked asked) {
    return declaration.experiments().indexOf(asked.design().experiment());
  }

  private Asked read(Path file) throws IOException {
    try {
      JsonNode root = JSON.readTree(file.toFile());
      Map<String, String> settings = new TreeMap<>();
      for (var setting : root.required("task").properties()) {
        settings.put(setting.getKey(), setting.getValue().asText());
      }
      RunSettings task = RunSettings.of(settings);
      Design design =
          new Design(
              declaration.experiment(root.required("experiment").asText()),
              declaration.preset(root.required("preset").asText()),
              task);
      return new Asked(design, task);
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException(
          "file must be a design of the lab, delete it to leave it out: file=%s, cause=%s"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  /**
   * An experiment that was asked for.
   *
   * @param task settings of the model and its data
   */
  public record Asked(Design design, RunSettings task) {}
}
