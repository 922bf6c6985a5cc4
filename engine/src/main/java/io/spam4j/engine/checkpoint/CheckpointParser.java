package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import io.spam4j.tensors.safetensors.Safetensors;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Makes sense of a checkpoint's metadata and tensors; refuses what no optimizer has written. */
final class CheckpointParser {
  private final Path file;
  private final Map<String, String> metadata;
  private final Map<String, Tensor> tensors = new TreeMap<>();
  private final Map<String, Tensor> unused = new TreeMap<>(); // belongs to no parameter so far

  /** What a file holds; see {@link Checkpoint}. */
  record Content(
      int version,
      TrainingState state,
      SequencedMap<String, String> notes,
      SequencedMap<String, Tensor> tensors,
      SequencedMap<String, String> crcs) {}

  CheckpointParser(Path file, Safetensors safetensors) {
    this.file = file;
    metadata = safetensors.metadata();
    safetensors.names().forEach(name -> tensors.put(name, safetensors.tensor(name)));
    unused.putAll(tensors);
  }

  Content parse() throws CheckpointFormatException {
    int version = version();
    checkHeader();
    long steps = count(CheckpointFormat.STEPS);
    SequencedMap<String, ParameterState> parameters = new LinkedHashMap<>();
    SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
    for (var entry : section(CheckpointFormat.PARAMETER).entrySet()) {
      String name = entry.getKey();
      ParameterState parameter = parameter(name, entry.getValue());
      requireCounts(parameter, steps);
      parameters.put(name, parameter);
      Tensor of = unused.remove(CheckpointFormat.weightTensor(name));
      if (of != null) {
        requireShape(name, of, parameter.shape());
        weights.put(name, of);
      }
    }
    if (!unused.isEmpty()) {
      throw broken("checkpoint tensors must belong to a parameter", "tensors=" + unused.keySet());
    }
    SequencedMap<String, String> crcs = section(CheckpointFormat.TENSOR_CRC);
    if (!crcs.keySet().equals(tensors.keySet())) {
      throw broken(
          "checkpoint must have a checksum for each tensor",
          "checksums=%s, tensors=%s".formatted(crcs.keySet(), tensors.keySet()));
    }
    return new Content(
        version,
        new TrainingState(
            text(CheckpointFormat.OPTIMIZER),
            steps,
            count(CheckpointFormat.NON_FINITE_STEPS),
            section(CheckpointFormat.SETTING),
            Collections.unmodifiableSequencedMap(parameters),
            Collections.unmodifiableSequencedMap(weights)),
        section(CheckpointFormat.NOTE),
        Collections.unmodifiableSequencedMap(new TreeMap<>(tensors)),
        crcs);
  }

  private int version() throws CheckpointFormatException {
    String version = metadata.get(CheckpointFormat.FORMAT);
    if (version == null) {
      throw broken("file must be a checkpoint of spam4j", "metadata=" + metadata.keySet());
    }
    if (!version.equals(Integer.toString(CheckpointFormat.VERSION))) {
      throw broken(
          "checkpoint must be of a version that is known here, use a newer spam4j",
          "version=%s, newest=%d".formatted(version, CheckpointFormat.VERSION));
    }
    return CheckpointFormat.VERSION;
  }

  private void checkHeader() throws CheckpointFormatException {
    String actual = CheckpointFormat.headerCrc(metadata, tensors);
    String saved = text(CheckpointFormat.HEADER_CRC);
    if (!actual.equals(saved)) {
      throw broken(
          "checkpoint header must have its checksum, take an older file",
          "saved=%s, actual=%s".formatted(saved, actual));
    }
  }

  private ParameterState parameter(String name, String text) throws CheckpointFormatException {
    var fields = new CheckpointFields(file, CheckpointFormat.PARAMETER + name, text);
    List<Long> shape = fields.takeShape(CheckpointFormat.SHAPE);
    String group = CheckpointFormat.GROUP + fields.take(CheckpointFormat.IN_GROUP);
    long updates = fields.takeCount(CheckpointFormat.UPDATES);
    long sinceReset = fields.takeCount(CheckpointFormat.UPDATES_SINCE_RESET);
    long spikes = fields.takeCount(CheckpointFormat.SPIKES);
    SequencedMap<String, Tensor> state = new LinkedHashMap<>();
    for (String key : fields.take(CheckpointFormat.STATE).split(",", -1)) {
      if (!key.isEmpty()) { // of no state there is one empty key
        state.put(key, tensor(CheckpointFormat.stateTensor(name, key)));
      }
    }
    SavedMask mask = fields.has(CheckpointFormat.MASK_COUNT) ? mask(name, shape, fields) : null;
    return new ParameterState(
        name,
        shape,
        new CheckpointFields(file, group, text(group)).all(),
        new ParameterState.Counters(updates, sinceReset, spikes),
        Collections.unmodifiableSequencedMap(state),
        Optional.ofNullable(mask),
        fields.numbers());
  }

  /** Refuses counters that no run comes to. */
  private void requireCounts(ParameterState of, long steps) throws CheckpointFormatException {
    if (of.updatesSinceReset() > of.updates() || of.updates() > steps) {
      throw broken(
          "checkpoint updates since a reset must be at most all, and these at most the steps",
          "parameter=%s, updatesSinceReset=%d, updates=%d, steps=%d"
              .formatted(of.name(), of.updatesSinceReset(), of.updates(), steps));
    }
    long elements = elements(of.shape());
    if (Math.ceilDiv(of.spikes(), elements) > steps) {
      throw broken(
          "checkpoint spikes must be at most one a weight and step",
          "parameter=%s, spikes=%d, weights=%d, steps=%d"
              .formatted(of.name(), of.spikes(), elements, steps));
    }
  }

  private static long elements(List<Long> shape) {
    long elements = 1;
    for (long extent : shape) {
      elements *= extent; // the shape was checked: no overflow
    }
    return elements;
  }

  private SavedMask mask(String name, List<Long> shape, CheckpointFields fields)
      throws CheckpointFormatException {
    long count = fields.takeCount(CheckpointFormat.MASK_COUNT);
    long width = fields.takeCount(CheckpointFormat.MASK_WIDTH);
    long lines =
        fields.has(CheckpointFormat.MASK_LINES) ? fields.takeCount(CheckpointFormat.MASK_LINES) : 1;
    Tensor data = tensor(CheckpointFormat.maskTensor(name));
    if (data.dtype() != DType.U8 || width > Byte.MAX_VALUE) {
      throw broken(
          "checkpoint mask must be bytes of symbols",
          "parameter=%s, dtype=%s, width=%d".formatted(name, data.dtype(), width));
    }
    if (lines < 1 || lines > IndexMask.LONGEST_LINE) { // the mask refuses others between
      throw broken(
          "checkpoint mask must have lines of 1 to %d weights".formatted(IndexMask.LONGEST_LINE),
          "parameter=%s, lines=%d".formatted(name, lines));
    }
    return new SavedMask(elements(shape), count, (int) lines, (int) width, data);
  }

  private void requireShape(String name, Tensor weights, List<Long> shape)
      throws CheckpointFormatException {
    List<Long> own = Arrays.stream(weights.shape()).boxed().toList();
    if (!own.equals(shape)) {
      throw broken(
          "checkpoint weights must have the shape of the parameter",
          "parameter=%s, weights=%s, shape=%s".formatted(name, own, shape));
    }
  }

  private Tensor tensor(String name) throws CheckpointFormatException {
    Tensor tensor = unused.remove(name);
    if (tensor == null) {
      throw broken("checkpoint must hold the tensor, once", "tensor=" + name);
    }
    return tensor;
  }

  private long count(String key) throws CheckpointFormatException {
    return CheckpointFields.count(file, key, text(key));
  }

  private String text(String key) throws CheckpointFormatException {
    String value = metadata.get(key);
    if (value == null) {
      throw broken("checkpoint metadata must have the key", "key=" + key);
    }
    return value;
  }

  /** The entries of the metadata whose keys start so, without that start, in order. */
  private SequencedMap<String, String> section(String prefix) {
    return metadata.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(prefix))
        .collect(
            Collectors.collectingAndThen(
                Collectors.toMap(
                    entry -> entry.getKey().substring(prefix.length()),
                    Map.Entry::getValue,
                    (one, _) -> one,
                    TreeMap::new),
                Collections::unmodifiableSequencedMap));
  }

  private CheckpointFormatException broken(String rule, String facts) {
    return CheckpointFormatException.of(file, rule, facts, null);
  }
}
