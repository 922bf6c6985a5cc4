package io.spam4j.tensors.safetensors;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.json.JsonStrings;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a safetensors file says about itself: {@code u64 N | N bytes of JSON | data}, with offsets
 * from the start of the data.
 *
 * @param dataStart where the data begin in the file
 * @param entries the tensors in the order of their data
 * @param metadata in the order of the file
 */
record SafetensorsHeader(long dataStart, List<Entry> entries, Map<String, String> metadata) {
  /** The bytes of the header's length. */
  static final int PREFIX = Long.BYTES;

  /** The format's limit on the header, so that no reader can be made to parse for hours. */
  static final int MAX_BYTES = 100_000_000;

  /** The same of a header that is a tensor itself: an array of bytes. */
  static final int MAX_NESTED_BYTES = 1 << 30;

  /** The data begin at a multiple of this, a cache line and the widest vector. */
  private static final int ALIGNMENT = 64;

  static final String METADATA = "__metadata__";

  private static final int SHAPE_IN_MESSAGE = 8;
  static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** One tensor; its bytes are [begin, end) of the data. */
  static final class Entry {
    final String name;
    final DType dtype;
    final long[] shape;
    final long begin;
    final long end;

    Entry(String name, DType dtype, long[] shape, long begin, long end) {
      this.name = name;
      this.dtype = dtype;
      this.shape = shape;
      this.begin = begin;
      this.end = end;
    }
  }

  /**
   * How many bytes {@link #read} needs to look at.
   *
   * @param prefix the first bytes of the file, as many as the length takes if there are so many
   */
  static long startBytes(MemorySegment prefix, long fileBytes) {
    long length = prefix.byteSize() < PREFIX ? 0 : prefix.get(LENGTH, 0);
    boolean isPossible = length >= 0 && length <= MAX_BYTES;
    return Math.min(fileBytes, PREFIX + (isPossible ? length : 0));
  }

  /**
   * Reads and checks the header of a file.
   *
   * @param file named in messages
   * @param start the first bytes of the file, {@link #startBytes} of them
   * @param fileBytes the bytes of the whole file
   * @throws SafetensorsFormatException if any rule of the format is broken
   */
  static SafetensorsHeader read(Path file, MemorySegment start, long fileBytes)
      throws SafetensorsFormatException {
    if (fileBytes < PREFIX) {
      throw new SafetensorsFormatException(
          "safetensors file must have at least 8 bytes: file=" + file + ", bytes=" + fileBytes);
    }
    long length = start.get(LENGTH, 0);
    if (length < 0 || length > MAX_BYTES) {
      throw new SafetensorsFormatException(
          "safetensors header must have at most %d bytes: file=%s, header=%s"
              .formatted(MAX_BYTES, file, Long.toUnsignedString(length)));
    }
    if (length > fileBytes - PREFIX) {
      throw new SafetensorsFormatException(
          "safetensors header must be inside the file: file=%s, header=%d, bytes=%d"
              .formatted(file, length, fileBytes));
    }
    long dataStart = PREFIX + length;
    return parse(file, start.asSlice(PREFIX, length), dataStart, fileBytes - dataStart);
  }

  /**
   * Reads and checks the text of a header.
   *
   * @param file named in messages
   * @param dataStart where the data begin in the file
   * @param dataBytes how many bytes they have
   */
  static SafetensorsHeader parse(Path file, MemorySegment json, long dataStart, long dataBytes)
      throws SafetensorsFormatException {
    return new Parser(file, json).parse(dataStart, dataBytes);
  }

  /**
   * The header of {@code tensors} written in the order given, from its length to its padding.
   *
   * @param most bytes that it may have
   */
  static byte[] write(
      List<Map.Entry<String, Tensor>> tensors, Map<String, String> metadata, int most) {
    StringBuilder json = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      JsonStrings.append(json, METADATA);
      json.append(":{");
      metadata.forEach(
          (key, value) -> {
            JsonStrings.append(json, key);
            json.append(':');
            JsonStrings.append(json, value);
            json.append(',');
          });
      json.setCharAt(json.length() - 1, '}');
      json.append(',');
    }
    long offset = 0;
    for (Map.Entry<String, Tensor> named : tensors) {
      Tensor tensor = named.getValue();
      long end = Math.addExact(offset, tensor.bytes());
      JsonStrings.append(json, named.getKey());
      json.append(":{\"dtype\":\"").append(tensor.dtype());
      json.append("\",\"shape\":").append(tensor.shapeText().replace(" ", ""));
      json.append(",\"data_offsets\":[").append(offset).append(',').append(end).append("]},");
      offset = end;
    }
    if (json.length() > 1) {
      json.setLength(json.length() - 1); // the last comma
    }
    if (json.length() > Integer.MAX_VALUE / 3) { // its bytes may be more than an array holds
      throw tooLong(most, json.length());
    }
    return padded(json.append('}').toString(), most);
  }

  private static IllegalArgumentException tooLong(int most, long length) {
    return new IllegalArgumentException(
        "safetensors header must have at most " + most + " bytes: header=" + length);
  }

  /** A header from its length to its padding. */
  static byte[] padded(String json, int most) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    long length = Math.ceilDiv(PREFIX + (long) text.length, ALIGNMENT) * ALIGNMENT - PREFIX;
    if (length > most) {
      throw tooLong(most, length);
    }
    byte[] bytes = new byte[PREFIX + (int) length];
    MemorySegment.ofArray(bytes).set(LENGTH, 0, length);
    System.arraycopy(text, 0, bytes, PREFIX, text.length);
    Arrays.fill(bytes, PREFIX + text.length, bytes.length, (byte) ' ');
    return bytes;
  }

  private static final class Parser {
    private final SafetensorsJson json;
    private final Map<String, Entry> entries = new HashMap<>();
    private @Nullable Map<String, String> metadata;

    Parser(Path file, MemorySegment text) {
      json = new SafetensorsJson(file, text, PREFIX);
    }

    SafetensorsHeader parse(long dataStart, long dataBytes) throws SafetensorsFormatException {
      json.takeStart();
      if (!json.takes('}')) {
        do {
          member(json.takeKey());
        } while (json.takesComma('}'));
      }
      json.takePadding();

      List<Entry> sorted = new ArrayList<>(entries.values());
      sorted.sort(
          Comparator.<Entry>comparingLong(e -> e.begin)
              .thenComparingLong(e -> e.end)
              .thenComparing(e -> e.name)); // so that empty tensors have an order too
      checkTiles(sorted, dataBytes);
      return new SafetensorsHeader(
          dataStart,
          Collections.unmodifiableList(sorted),
          metadata == null ? Map.of() : Collections.unmodifiableMap(metadata));
    }

    private void member(String key) throws SafetensorsFormatException {
      if (key.equals(METADATA)) {
        requireFirst(metadata == null, METADATA, "header");
        metadata = takeMetadata();
      } else {
        requireFirst(!entries.containsKey(key), key, "header");
        entries.put(key, takeEntry(key));
      }
    }

    private Map<String, String> takeMetadata() throws SafetensorsFormatException {
      Map<String, String> values = new LinkedHashMap<>();
      json.take('{');
      if (!json.takes('}')) {
        do {
          String key = json.takeKey();
          requireFirst(!values.containsKey(key), key, METADATA);
          values.put(key, json.takeString("a metadata value"));
        } while (json.takesComma('}'));
      }
      return values;
    }

    private Entry takeEntry(String name) throws SafetensorsFormatException {
      DType dtype = null;
      long[] shape = null;
      long[] offsets = null;
      json.take('{');
      if (!json.takes('}')) {
        do {
          String key = json.takeKey();
          switch (key) {
            case "dtype" -> {
              requireFirst(dtype == null, key, SafetensorsJson.quoted(name));
              dtype = takeDType(name);
            }
            case "shape" -> {
              requireFirst(shape == null, key, SafetensorsJson.quoted(name));
              shape = takeIntegers("an extent");
            }
            case "data_offsets" -> {
              requireFirst(offsets == null, key, SafetensorsJson.quoted(name));
              offsets = takeIntegers("an offset");
            }
            default ->
                throw json.broken(
                    "safetensors tensor must have only dtype, shape and data_offsets",
                    tensor(name) + ", key=" + SafetensorsJson.quoted(key));
          }
        } while (json.takesComma('}'));
      }
      if (dtype == null || shape == null || offsets == null) {
        throw json.broken(
            "safetensors tensor must have dtype, shape and data_offsets", tensor(name));
      }
      checkBytes(name, dtype, shape, offsets);
      return new Entry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private DType takeDType(String name) throws SafetensorsFormatException {
      String text = json.takeString("a dtype");
      for (DType dtype : DType.values()) {
        if (dtype.name().equals(text)) {
          return dtype;
        }
      }
      throw json.broken(
          "safetensors dtype must be one of the format's",
          tensor(name) + ", dtype=" + SafetensorsJson.quoted(text));
    }

    private long[] takeIntegers(String what) throws SafetensorsFormatException {
      var values = new LongArrayList();
      json.take('[');
      if (!json.takes(']')) {
        do {
          values.add(json.takeInteger(what));
        } while (json.takesComma(']'));
      }
      return values.toLongArray();
    }

    private void checkBytes(String name, DType dtype, long[] shape, long[] offsets)
        throws SafetensorsFormatException {
      if (offsets.length != 2 || offsets[0] > offsets[1]) {
        throw json.broken(
            "safetensors data_offsets must be a begin and an end not before it",
            tensor(name) + ", data_offsets=" + text(offsets));
      }
      long bytes;
      try {
        bytes = dtype.bytes(Tensor.elements(shape));
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw json.broken(
            "safetensors tensor bytes must be a whole number that fits a long",
            tensor(name) + ", dtype=" + dtype + ", shape=" + text(shape));
      }
      if (bytes != offsets[1] - offsets[0]) {
        throw json.broken(
            "safetensors data_offsets must span the bytes of the tensor",
            "%s, dtype=%s, shape=%s, bytes=%d, data_offsets=%s"
                .formatted(tensor(name), dtype, text(shape), bytes, text(offsets)));
      }
    }

    private void checkTiles(List<Entry> sorted, long dataBytes) throws SafetensorsFormatException {
      long end = 0;
      for (Entry entry : sorted) {
        if (entry.begin != end) {
          throw json.broken(
              "safetensors tensor must begin where the one before it ends",
              tensor(entry.name) + ", begin=" + entry.begin + ", end before=" + end);
        }
        end = entry.end;
      }
      if (end != dataBytes) {
        throw json.broken(
            "safetensors data must end where the file ends", "end=" + end + ", data=" + dataBytes);
      }
    }

    private void requireFirst(boolean first, String key, String in)
        throws SafetensorsFormatException {
      if (!first) {
        throw json.broken(
            "safetensors keys must not repeat",
            "key=" + SafetensorsJson.quoted(key) + ", in=" + in);
      }
    }

    private static String tensor(String name) {
      return "tensor=" + SafetensorsJson.quoted(name);
    }

    /** As {@link Arrays#toString}, but short whatever a hostile file holds. */
    private static String text(long[] values) {
      if (values.length <= SHAPE_IN_MESSAGE) {
        return Arrays.toString(values);
      }
      String first = Arrays.toString(Arrays.copyOf(values, SHAPE_IN_MESSAGE));
      return first.substring(0, first.length() - 1) + ", ... " + values.length + " in all]";
    }
  }
}
