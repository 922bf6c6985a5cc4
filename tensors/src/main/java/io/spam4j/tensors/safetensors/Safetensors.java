package io.spam4j.tensors.safetensors;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.files.WholeFile;
import io.spam4j.tensors.internal.json.Utf8Order;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * A safetensors file: named tensors and a few strings, in one file of any size that no one has to
 * trust. Reading maps the file and copies nothing; writing replaces the file in one step.
 *
 * <p>The format packs the tensors without gaps, so one may begin at any byte: alignment beyond the
 * element's own is the reader's problem. All data are little-endian, and so must the machine be.
 *
 * <p>Source: huggingface/safetensors 0.8, README "Format" and {@code tensor.rs}.
 *
 * <p>Differences from it: around the header's object there is nothing but spaces after it, and a
 * tensor's entry has no other keys than the three of the format; a shape with an extent of 0 holds
 * 0 elements whatever the others are. The writer pads the header so that the data begin at a
 * multiple of 64, not 8.
 */
public final class Safetensors {
  private static final int CHUNK = 1 << 20;

  private final Path file;
  private final Map<String, Tensor> tensors;
  private final Map<String, String> metadata;

  Safetensors(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
    this.file = file;
    this.tensors = tensors;
    this.metadata = metadata;
  }

  /**
   * Maps a file, after checking every rule of the format. A file that is refused leaves nothing in
   * the arena. While the arena lives, the file may be replaced by another, as {@link #write} does,
   * but must not be shortened or changed: to touch a byte that is gone ends in an InternalError, or
   * ends the JVM. {@link SafetensorsFile} reads files that somebody may change.
   *
   * @param arena how long the tensors live
   * @throws SafetensorsFormatException if the file breaks the format
   * @throws IOException if the file cannot be read or mapped
   * @throws UnsupportedOperationException if this machine is big-endian, or the file belongs to a
   *     file system that cannot map
   */
  public static Safetensors open(Path file, Arena arena) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(arena, "arena must not be null");
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      return opened.map(arena);
    }
  }

  /** The names of the tensors, in the order of their data. */
  public List<String> names() {
    return List.copyOf(tensors.keySet());
  }

  /**
   * Views a tensor's bytes in the file. They are read-only, and at any alignment.
   *
   * @throws IllegalArgumentException if the file has no such tensor
   */
  public Tensor tensor(String name) {
    Tensor tensor = tensors.get(Objects.requireNonNull(name, "name must not be null"));
    if (tensor == null) {
      throw new IllegalArgumentException(
          "safetensors file must hold the tensor: file=%s, tensor=%s"
              .formatted(file, SafetensorsJson.quoted(name)));
    }
    return tensor;
  }

  /** The file's strings, in the order of the file; unmodifiable, empty if it has none. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * Writes a file, or replaces one: readers see the old file or the whole new one, also after a
   * crash. The data go to a file {@code .spam4j-*.tmp} in the same folder first, which is removed
   * if anything fails; one that a killed process left behind is removed by the next writer of the
   * same file. The same tensors and metadata give the same bytes.
   *
   * <p>A file that is replaced keeps its mode, and its owner, group and access control list as far
   * as Java sees them and this process may give them: where the group cannot be kept, the new one
   * may only what all may. A new file has the mode that any new file has.
   *
   * @param file a symbolic link is replaced, not followed, by a file with the rights of the one it
   *     leads to; a folder, a pipe or a device is refused
   * @param tensors in any order and memory, also of a file that is replaced here; written by
   *     descending element type, then by name, as the format's own writer does
   * @param metadata may be empty
   * @throws IllegalArgumentException if a tensor is called {@code __metadata__}, a string has a
   *     lone surrogate, or the names and metadata need more than 100,000,000 bytes
   * @throws IllegalStateException if a tensor's arena is closed
   * @throws WrongThreadException if a tensor's arena belongs to another thread
   * @throws IOException if the file cannot be written; the old one is left as it was, unless only
   *     the last step failed, forcing the folder to disk
   * @throws UnsupportedOperationException if this machine is big-endian
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    Objects.requireNonNull(metadata, "metadata must not be null");
    write(file, tensors, _ -> metadata, SafetensorsHeader.MAX_BYTES);
  }

  /**
   * Metadata that tell the checksums of the tensors. These are known once the tensors are written,
   * and so are those of the file, also if somebody writes to a tensor meanwhile.
   */
  @FunctionalInterface
  public interface Checksummed {
    /**
     * The metadata, of the same length whatever the checksums are: it is asked for twice, first to
     * know how much room the header takes.
     *
     * @param crc32c the CRC-32C (Castagnoli) of the bytes of each tensor, by name; all 0 the first
     *     time
     */
    Map<String, String> of(Map<String, Integer> crc32c);

    /**
     * Told of each piece of a tensor as it is written, and with what it holds then: for those who
     * must not write everything. What it throws ends the writing, and the old file stays.
     *
     * @param tensor the name
     * @param from the first byte of the piece, counted from the tensor's first: a multiple of 8
     * @param piece a copy that nobody else has; its bytes are those of whole elements
     */
    default void written(String tensor, long from, MemorySegment piece) {}
  }

  /**
   * Writes a file whose metadata tell the checksums of what is in it. Names and metadata that need
   * more than the 100,000,000 bytes that the format's header may have, of some hundred thousand
   * tensors, become a file in a file: its metadata say {@code spam4j.nested}, its tensor {@code
   * data} has the bytes of all tensors, and its tensor {@code header} is the header that they would
   * have. {@link #open} reads those too, other programs see the two tensors.
   *
   * @throws IllegalArgumentException if the metadata take more or fewer bytes with other checksums
   * @see #write(Path, Map, Map)
   */
  public static void writeChecksummed(Path file, Map<String, Tensor> tensors, Checksummed metadata)
      throws IOException {
    write(file, tensors, metadata, SafetensorsHeader.MAX_NESTED_BYTES);
  }

  private static void write(
      Path file, Map<String, Tensor> tensors, Checksummed metadata, int mostHeaderBytes)
      throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Objects.requireNonNull(tensors, "tensors must not be null");
    Objects.requireNonNull(metadata, "metadata must not be null");
    requireLittleEndian(ByteOrder.nativeOrder());
    Map<String, Integer> unknown = new HashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          Objects.requireNonNull(name, "tensors must not contain null");
          Objects.requireNonNull(tensor, "tensors must not contain null");
          requireTensorName(name);
          unknown.put(name, 0);
        });
    List<Map.Entry<String, Tensor>> sorted = new ArrayList<>(tensors.entrySet());
    sorted.sort(
        Map.Entry.<String, Tensor>comparingByValue(Comparator.comparing(Tensor::dtype).reversed())
            .thenComparing(Map.Entry.comparingByKey(Utf8Order.BY_UTF8)));
    byte[] header = SafetensorsHeader.write(sorted, sorted(metadata.of(unknown)), mostHeaderBytes);
    byte[] outer = NestedHeader.around(header, sorted);

    try (WholeFile whole = WholeFile.replacing(file)) {
      boolean isNested = outer.length > 0;
      writeAll(whole.channel(), ByteBuffer.wrap(outer));
      Map<String, Integer> crcs =
          writeData(whole.channel(), isNested ? outer.length : header.length, sorted, metadata);
      byte[] checked = SafetensorsHeader.write(sorted, sorted(metadata.of(crcs)), mostHeaderBytes);
      if (checked.length != header.length) {
        throw new IllegalArgumentException(
            "metadata must have as many bytes with one checksum as with another: before=%d, after=%d"
                .formatted(header.length, checked.length));
      }
      if (!isNested) {
        whole.channel().position(0);
      }
      writeAll(whole.channel(), ByteBuffer.wrap(checked));
      whole.commit();
    }
  }

  private static Map<String, String> sorted(Map<String, String> metadata) {
    Objects.requireNonNull(metadata, "metadata must not be null");
    Map<String, String> sorted = new TreeMap<>(Utf8Order.BY_UTF8);
    metadata.forEach(
        (key, value) -> {
          Objects.requireNonNull(key, "metadata must not contain null");
          Objects.requireNonNull(value, "metadata must not contain null");
          requireUnicode(key);
          requireUnicode(value);
          sorted.put(key, value);
        });
    return sorted;
  }

  /**
   * Writes the tensors' bytes from a place on.
   *
   * @return the checksums of the bytes that were written, whatever has become of the memory since
   */
  private static Map<String, Integer> writeData(
      FileChannel channel, long from, List<Map.Entry<String, Tensor>> tensors, Checksummed metadata)
      throws IOException {
    channel.position(from);
    Map<String, Integer> crcs = new HashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK, 64);
      for (Map.Entry<String, Tensor> named : tensors) {
        var crc = new CRC32C();
        writeTensor(channel, named, chunk, crc, metadata);
        crcs.put(named.getKey(), (int) crc.getValue());
      }
    }
    return crcs;
  }

  /**
   * Through {@code chunk}, because a channel takes neither a float[] nor more than 2 GiB, and
   * because memory that somebody writes to meanwhile is read once only.
   */
  private static void writeTensor(
      FileChannel channel,
      Map.Entry<String, Tensor> named,
      MemorySegment chunk,
      CRC32C crc,
      Checksummed metadata)
      throws IOException {
    MemorySegment source = named.getValue().memory();
    ByteBuffer buffer = chunk.asByteBuffer();
    for (long from = 0; from < source.byteSize(); from += CHUNK) {
      int count = (int) Math.min(CHUNK, source.byteSize() - from);
      MemorySegment.copy(source, from, chunk, 0, count);
      metadata.written(named.getKey(), from, chunk.asSlice(0, count));
      buffer.position(0).limit(count);
      crc.update(buffer);
      writeAll(channel, buffer.position(0));
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static void requireTensorName(String name) {
    if (name.equals(SafetensorsHeader.METADATA)) {
      throw new IllegalArgumentException(
          "tensor must not have the name of the metadata: tensor=" + SafetensorsJson.quoted(name));
    }
    requireUnicode(name);
  }

  private static void requireUnicode(String text) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IllegalArgumentException(
          "safetensors strings must have no lone surrogate: text=" + SafetensorsJson.quoted(text));
    }
  }

  static void requireLittleEndian(ByteOrder order) {
    if (order != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException(
          "safetensors need a little-endian machine: order=" + order);
    }
  }
}
