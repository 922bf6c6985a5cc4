package io.spam4j.engine.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.json.Utf8Order;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** The names and texts of checkpoint files, as docs/checkpoints.md gives them. */
final class CheckpointFormat {
  /** What is written; every version from 1 on is read. */
  static final int VERSION = 1;

  // Keys of the metadata; those that end in a dot are followed by a name.
  static final String FORMAT = "spam4j.format";
  static final String OPTIMIZER = "spam4j.optimizer";
  static final String STEPS = "spam4j.steps";
  static final String NON_FINITE_STEPS = "spam4j.nonFiniteSteps";
  static final String SETTING = "spam4j.setting.";
  static final String GROUP = "spam4j.group.";
  static final String PARAMETER = "spam4j.parameter.";
  static final String NOTE = "spam4j.note.";
  static final String HEADER_CRC = "spam4j.crc32c";
  static final String TENSOR_CRC = "spam4j.crc32c.";

  // Fields of a parameter; all others are scalars.
  static final String SHAPE = "shape";
  static final String IN_GROUP = "group";
  static final String UPDATES = "updates";
  static final String UPDATES_SINCE_RESET = "updatesSinceReset";
  static final String SPIKES = "spikes";
  static final String STATE = "state";
  static final String MASK_COUNT = "maskCount";
  static final String MASK_WIDTH = "maskWidth";
  static final String MASK_LINES = "maskLines"; // weights a line, where they are more than one

  private static final Set<String> FIELDS =
      Set.of(
          SHAPE,
          IN_GROUP,
          UPDATES,
          UPDATES_SINCE_RESET,
          SPIKES,
          STATE,
          MASK_COUNT,
          MASK_WIDTH,
          MASK_LINES);

  private static final String MASK = "mask";
  private static final int PIECE = 1 << 20;

  private CheckpointFormat() {}

  /** Whether a scalar can have this name: no other field has it, and a field can be read again. */
  static boolean isScalarName(String name) {
    return !FIELDS.contains(name)
        && !name.isEmpty()
        && name.indexOf(' ') < 0
        && name.indexOf('=') < 0;
  }

  /** The name of a state tensor. */
  static String stateTensor(String parameter, String state) {
    return "state." + parameter + "." + state;
  }

  /** The name of the bytes of a selection. */
  static String maskTensor(String parameter) {
    return stateTensor(parameter, MASK);
  }

  /** The name of the weights. */
  static String weightTensor(String parameter) {
    return "weights." + parameter;
  }

  /** Fields as {@code name=value}, with a space between; neither may contain one. */
  static String joined(SequencedMap<String, String> fields) {
    StringBuilder text = new StringBuilder();
    fields.forEach(
        (name, value) ->
            text.append(text.isEmpty() ? "" : " ").append(name).append('=').append(value));
    return text.toString();
  }

  /**
   * The reverse of {@link #joined}.
   *
   * @throws IllegalArgumentException if the text is not of that form, or a name repeats
   */
  static SequencedMap<String, String> split(String text) {
    SequencedMap<String, String> fields = new LinkedHashMap<>();
    for (String field : text.split(" ", -1)) {
      int equals = field.indexOf('=');
      if (equals <= 0
          || fields.put(field.substring(0, equals), field.substring(equals + 1)) != null) {
        throw new IllegalArgumentException("no name=value, or its second: " + field);
      }
    }
    return fields;
  }

  /** The checksum of a tensor's bytes (CRC-32C, Castagnoli), in eight hexadecimal digits. */
  static String crc(Tensor tensor) {
    var crc = new CRC32C();
    MemorySegment memory = tensor.memory();
    byte[] piece = new byte[(int) Math.min(PIECE, memory.byteSize())];
    for (long from = 0; from < memory.byteSize(); from += piece.length) {
      int bytes = (int) Math.min(piece.length, memory.byteSize() - from);
      MemorySegment.copy(memory, JAVA_BYTE, from, piece, 0, bytes);
      crc.update(piece, 0, bytes);
    }
    return text(crc);
  }

  /**
   * The checksum of all that a file says besides the bytes of its tensors: metadata in the order of
   * their keys, without this checksum, then types and shapes of the tensors in the order of their
   * names, each string followed by a 0.
   */
  static String headerCrc(Map<String, String> metadata, Map<String, Tensor> tensors) {
    var crc = new CRC32C();
    sorted(metadata)
        .forEach(
            (key, value) -> {
              if (!key.equals(HEADER_CRC)) {
                add(crc, key);
                add(crc, value);
              }
            });
    sorted(tensors)
        .forEach(
            (name, tensor) -> {
              add(crc, name);
              add(crc, tensor.dtype().name());
              add(crc, tensor.shapeText().replace(" ", ""));
            });
    return text(crc);
  }

  private static <V> Map<String, V> sorted(Map<String, V> map) {
    Map<String, V> sorted = new TreeMap<>(Utf8Order.BY_UTF8);
    sorted.putAll(map);
    return sorted;
  }

  private static void add(CRC32C crc, String text) {
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    crc.update(0);
  }

  private static String text(CRC32C crc) {
    return text((int) crc.getValue());
  }

  /** A checksum as files have it. */
  static String text(int crc) {
    return HexFormat.of().toHexDigits(crc);
  }
}
