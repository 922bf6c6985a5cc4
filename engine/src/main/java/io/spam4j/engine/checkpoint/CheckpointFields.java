package io.spam4j.engine.checkpoint;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a checkpoint's metadata, {@code name=value name=value ...}, to be read field by
 * field.
 */
final class CheckpointFields {
  private final Path file;
  private final String key;
  private final SequencedMap<String, String> fields;

  /**
   * Splits an entry.
   *
   * @param key of the entry, for messages
   */
  CheckpointFields(Path file, String key, String text) throws CheckpointFormatException {
    this.file = file;
    this.key = key;
    try {
      fields = CheckpointFormat.split(text);
    } catch (IllegalArgumentException e) {
      throw broken("checkpoint fields must be name=value", "text=" + text, e);
    }
  }

  boolean has(String field) {
    return fields.containsKey(field);
  }

  /** The fields that were not taken. */
  SequencedMap<String, String> all() {
    return Collections.unmodifiableSequencedMap(fields);
  }

  /** Takes a field out. */
  String take(String field) throws CheckpointFormatException {
    String value = fields.remove(field);
    if (value == null) {
      throw broken("checkpoint entry must have the field", "field=" + field, null);
    }
    return value;
  }

  /** Takes a whole number out that is not negative. */
  long takeCount(String field) throws CheckpointFormatException {
    return count(file, key + ", field=" + field, take(field));
  }

  /** A whole number, not negative. */
  static long count(Path file, String key, String text) throws CheckpointFormatException {
    NumberFormatException cause = null;
    try {
      long value = Long.parseLong(text);
      if (value >= 0 && value <= ParameterState.Counters.MOST) {
        return value;
      }
      if (value >= 0) {
        throw CheckpointFormatException.of(
            file,
            "checkpoint count must be one that a run can come to, at most "
                + ParameterState.Counters.MOST,
            "key=%s, text=%s".formatted(key, text),
            null);
      }
    } catch (NumberFormatException e) {
      cause = e;
    }
    throw CheckpointFormatException.of(
        file,
        "checkpoint count must be a whole number, not negative",
        "key=%s, text=%s".formatted(key, text),
        cause);
  }

  /** Takes a shape out: positive extents whose product fits a long. */
  List<Long> takeShape(String field) throws CheckpointFormatException {
    String text = take(field);
    RuntimeException cause = null;
    try {
      if (text.startsWith("[") && text.endsWith("]")) {
        String extents = text.substring(1, text.length() - 1);
        String[] each = extents.isEmpty() ? new String[0] : extents.split(",", -1);
        List<Long> shape = Arrays.stream(each).map(Long::valueOf).toList();
        long elements = 1;
        for (long extent : shape) {
          elements = extent > 0 ? Math.multiplyExact(elements, extent) : 0;
        }
        if (elements > 0) {
          return shape;
        }
      }
    } catch (NumberFormatException | ArithmeticException e) {
      cause = e;
    }
    throw broken("checkpoint shape must be positive extents", "shape=" + text, cause);
  }

  /** The fields that were not taken, as numbers. */
  SequencedMap<String, Double> numbers() throws CheckpointFormatException {
    SequencedMap<String, Double> numbers = new LinkedHashMap<>();
    for (var field : fields.entrySet()) {
      numbers.put(field.getKey(), number(field.getKey(), field.getValue()));
    }
    return Collections.unmodifiableSequencedMap(numbers);
  }

  private double number(String field, String text) throws CheckpointFormatException {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw broken(
          "checkpoint scalar must be a number", "field=%s, text=%s".formatted(field, text), e);
    }
  }

  private CheckpointFormatException broken(String rule, String facts, @Nullable Throwable cause) {
    return CheckpointFormatException.of(file, rule, "key=" + key + ", " + facts, cause);
  }
}
