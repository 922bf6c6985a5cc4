package io.spam4j.examples.replay;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.spam4j.examples.shell.InputFile;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import io.spam4j.tensors.safetensors.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A recorded run of an optimizer: a safetensors file whose metadata say which optimizer it was,
 * under its authors' names for hyper-parameters, and whose tensors are {@code p{i}.init}, {@code
 * p{i}.grad.{t}} and, after each recorded step t (from 0, four digits), {@code p{i}.param.{t}},
 * {@code p{i}.exp_avg.{t}}, {@code p{i}.exp_avg_sq.{t}} and such; {@code p{i}.mask.{t}} where the
 * selection of a sparse parameter changed.
 */
final class Trace {
  private final Path file;
  private final Safetensors tensors;
  private final Set<String> names;
  private final int steps;
  private final int parameters;
  private final List<String> parameterNames = new ArrayList<>();

  private Trace(Path file, Safetensors tensors) throws TraceFormatException {
    this.file = file;
    this.tensors = tensors;
    names = new HashSet<>(tensors.names());
    for (String key : new String[] {"optimizer", "steps", "dtype"}) {
      if (!tensors.metadata().containsKey(key)) {
        throw new TraceFormatException(
            "a trace's metadata must name its %s: file=%s, metadata=%s"
                .formatted(key, file, tensors.metadata().keySet()));
      }
    }
    steps = count(tensors.metadata().getOrDefault("steps", ""));
    int found = 0;
    while (names.contains("p" + found + ".init")) {
      found++;
    }
    parameters = found;
    if (parameters == 0) {
      throw new TraceFormatException(
          "a trace must hold p0.init: file=%s, tensors=%d".formatted(file, names.size()));
    }
    requireRecorded();
    for (int i = 0; i < parameters; i++) {
      requireAlike(i);
    }
    String[] recorded = new TraceOptions(this).list("names");
    for (int i = 0; i < parameters; i++) {
      parameterNames.add(i < recorded.length ? recorded[i] : "p" + i);
    }
  }

  /**
   * Opens a trace.
   *
   * @throws TraceFormatException if the file is a safetensors file, but no trace
   * @throws IOException if it cannot be read or is no safetensors file
   */
  static Trace open(Path file, Arena arena) throws IOException {
    try (SafetensorsFile opened = SafetensorsFile.open(InputFile.require(file))) {
      return new Trace(file, opened.copy(arena));
    }
  }

  private int count(String text) throws TraceFormatException {
    if (!text.matches("[1-9][0-9]{0,8}")) {
      throw new TraceFormatException(
          "a trace's steps must be a positive number: file=%s, steps=%s".formatted(file, text));
    }
    return Integer.parseInt(text);
  }

  /** A number of steps is easily claimed: tensors of as many must be there. */
  private void requireRecorded() throws TraceFormatException {
    long recorded =
        names.stream()
            .map(name -> name.substring(name.lastIndexOf('.') + 1))
            .filter(step -> step.matches("[0-9]{4,9}") && Integer.parseInt(step) < steps)
            .distinct()
            .count();
    if (recorded < steps) {
      throw new TraceFormatException(
          "a trace must hold tensors of each of its steps: file=%s, steps=%d, recorded=%d"
              .formatted(file, steps, recorded));
    }
  }

  private void requireAlike(int parameter) throws TraceFormatException {
    Tensor init = init(parameter);
    for (int t = 0; t < steps; t++) {
      Tensor mask = find(parameter, "mask", t);
      if (mask != null && (mask.dtype() != DType.I32 || mask.rank() != 1)) {
        throw new TraceFormatException(
            "a trace's selections must be lists of I32: file=%s, tensor=%s, is=%s"
                .formatted(file, name(parameter, "mask", t), mask));
      }
      for (String kind : new String[] {"grad", "param"}) {
        Tensor tensor = find(parameter, kind, t);
        if (tensor != null && !(tensor.hasShapeOf(init) && tensor.dtype().equals(init.dtype()))) {
          throw new TraceFormatException(
              "a trace's tensors must be like p%d.init: file=%s, tensor=%s, is=%s, init=%s"
                  .formatted(parameter, file, name(parameter, kind, t), tensor, init));
        }
      }
    }
  }

  /** The name of the optimizer. */
  String optimizer() {
    return tensors.metadata().getOrDefault("optimizer", "");
  }

  /** Hyper-parameters and what else the metadata say. */
  Map<String, String> metadata() {
    return tensors.metadata();
  }

  /** The number of steps; they count from 0. */
  int steps() {
    return steps;
  }

  /** The number of parameters. */
  int parameters() {
    return parameters;
  }

  /** The element type of the weights. */
  DType dtype() {
    return init(0).dtype();
  }

  /** The name of a parameter: the one recorded, or {@code p} and its number. */
  String name(int parameter) {
    return parameterNames.get(parameter);
  }

  /** The number of a parameter that has this name. */
  int index(String name) {
    return parameterNames.indexOf(name);
  }

  /**
   * The weights selected from a step on, as flat positions in ascending order; null if none were
   * recorded at this step.
   */
  long @Nullable [] mask(int parameter, int step) {
    Tensor mask = find(parameter, "mask", step);
    if (mask == null) {
      return null;
    }
    long[] positions = new long[Math.toIntExact(mask.elements())];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = mask.memory().get(JAVA_INT_UNALIGNED, (long) i * Integer.BYTES);
    }
    return positions;
  }

  /** A parameter's weights before step 0. */
  Tensor init(int parameter) {
    return tensors.tensor("p" + parameter + ".init");
  }

  /** A parameter's gradient at a step; null if it had none. */
  @Nullable Tensor gradient(int parameter, int step) {
    return find(parameter, "grad", step);
  }

  /**
   * What was recorded after a step; null if it was not.
   *
   * @param kind such as {@code param} or {@code exp_avg}
   */
  @Nullable Tensor find(int parameter, String kind, int step) {
    String name = name(parameter, kind, step);
    return names.contains(name) ? tensors.tensor(name) : null;
  }

  private static String name(int parameter, String kind, int step) {
    return String.format(Locale.ROOT, "p%d.%s.%04d", parameter, kind, step);
  }
}
