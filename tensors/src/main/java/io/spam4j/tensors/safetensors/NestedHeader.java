package io.spam4j.tensors.safetensors;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A header that is larger than the format allows: it is a tensor of bytes, {@code header}, behind
 * one with the data that it describes, {@code data}, in a file whose metadata say so.
 */
final class NestedHeader {
  private static final String KEY = "spam4j.nested";
  private static final String VALUE = "safetensors";
  private static final String DATA = "data";
  private static final String HEADER = "header";

  private NestedHeader() {}

  /** Whether a file has another one in it. */
  static boolean isIn(SafetensorsHeader outer) {
    return VALUE.equals(outer.metadata().get(KEY))
        && outer.entries().size() == 2
        && isBytes(outer.entries().get(0), DATA)
        && isBytes(outer.entries().get(1), HEADER);
  }

  private static boolean isBytes(SafetensorsHeader.Entry entry, String name) {
    return entry.name.equals(name) && entry.dtype == DType.U8 && entry.shape.length == 1;
  }

  /** Where the header of the file inside is. */
  static SafetensorsHeader.Entry entry(SafetensorsHeader outer) {
    return outer.entries().get(1);
  }

  /** Refuses one that no writer makes, before there is memory for it. */
  static void requireSize(Path file, SafetensorsHeader.Entry header)
      throws SafetensorsFormatException {
    long bytes = header.end - header.begin;
    if (bytes > SafetensorsHeader.PREFIX + SafetensorsHeader.MAX_NESTED_BYTES) {
      throw new SafetensorsFormatException(
          "safetensors header inside must have at most %d bytes: file=%s, bytes=%d"
              .formatted(
                  SafetensorsHeader.PREFIX + SafetensorsHeader.MAX_NESTED_BYTES, file, bytes));
    }
  }

  /**
   * Reads and checks the header of the file inside.
   *
   * @param text of its tensor
   */
  static SafetensorsHeader read(Path file, SafetensorsHeader outer, MemorySegment text)
      throws SafetensorsFormatException {
    long json = text.byteSize() - SafetensorsHeader.PREFIX;
    if (json < 0 || text.get(SafetensorsHeader.LENGTH, 0) != json) {
      throw new SafetensorsFormatException(
          "safetensors header inside must have its length: file=%s, bytes=%d"
              .formatted(file, text.byteSize()));
    }
    SafetensorsHeader.Entry data = outer.entries().get(0);
    return SafetensorsHeader.parse(
        file,
        text.asSlice(SafetensorsHeader.PREFIX),
        outer.dataStart() + data.begin,
        data.end - data.begin);
  }

  /**
   * The header around one that is larger than the format allows; empty if it is not.
   *
   * @param header as {@link SafetensorsHeader#write} gives it, to be written after the data
   */
  static byte[] around(byte[] header, List<Map.Entry<String, Tensor>> tensors) {
    if (header.length - SafetensorsHeader.PREFIX <= SafetensorsHeader.MAX_BYTES) {
      return new byte[0];
    }
    long data = 0;
    for (Map.Entry<String, Tensor> named : tensors) {
      data += named.getValue().bytes();
    }
    String json =
        "{\"%s\":{\"%s\":\"%s\"},\"%s\":%s,\"%s\":%s}"
            .formatted(
                SafetensorsHeader.METADATA,
                KEY,
                VALUE,
                DATA,
                bytes(0, data),
                HEADER,
                bytes(data, header.length));
    return SafetensorsHeader.padded(json, SafetensorsHeader.MAX_BYTES);
  }

  private static String bytes(long begin, long count) {
    return "{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[%d,%d]}"
        .formatted(count, begin, begin + count);
  }
}
