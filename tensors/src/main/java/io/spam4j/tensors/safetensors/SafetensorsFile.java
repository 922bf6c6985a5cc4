package io.spam4j.tensors.safetensors;

import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A safetensors file that is open: its header was read and checked, the bytes of its tensors are
 * read when they are asked for. A file that somebody shortens meanwhile is an IOException here, and
 * one that is replaced stays the file that was opened; what is read is a copy that nobody changes.
 */
public final class SafetensorsFile implements AutoCloseable {
  /** The most that is read at a time: a channel keeps as much memory outside the heap. */
  private static final int CHUNK = 1 << 20;

  private final Path file;
  private final FileChannel channel;
  private final SafetensorsHeader header;
  private final long bytes;
  private final Map<String, SafetensorsHeader.Entry> entries = new HashMap<>();

  private SafetensorsFile(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    bytes = channel.size();
    try (Arena checking = Arena.ofConfined()) {
      SafetensorsHeader outer = SafetensorsHeader.read(file, start(checking), bytes);
      header = NestedHeader.isIn(outer) ? inner(outer, checking) : outer;
    }
    header.entries().forEach(entry -> entries.put(entry.name, entry));
  }

  /**
   * Opens a file, after checking every rule of the format.
   *
   * @throws SafetensorsFormatException if the file breaks the format
   * @throws IOException if the file cannot be read
   * @throws UnsupportedOperationException if this machine is big-endian
   */
  public static SafetensorsFile open(Path file) throws IOException {
    Objects.requireNonNull(file, "file must not be null");
    Safetensors.requireLittleEndian(ByteOrder.nativeOrder());
    // Opening a folder succeeds, and opening a pipe waits; neither is what was meant.
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new SafetensorsFormatException("safetensors file must be a regular file: file=" + file);
    }
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      return new SafetensorsFile(file, channel);
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private SafetensorsHeader inner(SafetensorsHeader outer, Arena arena) throws IOException {
    SafetensorsHeader.Entry entry = NestedHeader.entry(outer);
    NestedHeader.requireSize(file, entry);
    MemorySegment text = arena.allocate(entry.end - entry.begin);
    read(outer.dataStart() + entry.begin, text);
    return NestedHeader.read(file, outer, text);
  }

  /** The bytes up to the end of the header, or as many as there are. */
  private MemorySegment start(Arena arena) throws IOException {
    MemorySegment prefix = arena.allocate(Math.min(bytes, SafetensorsHeader.PREFIX));
    read(0, prefix);
    MemorySegment start = arena.allocate(SafetensorsHeader.startBytes(prefix, bytes));
    read(0, start);
    return start;
  }

  /**
   * Maps the whole file; see {@link Safetensors#open}.
   *
   * @param arena how long the tensors live
   * @throws IOException if it cannot be mapped
   */
  public Safetensors map(Arena arena) throws IOException {
    MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
    return tensors(mapped.asSlice(header.dataStart()));
  }

  /**
   * Copies the whole file.
   *
   * @param arena how long the tensors live
   * @throws IOException if it cannot be read, or has become shorter
   */
  public Safetensors copy(Arena arena) throws IOException {
    long count = bytes - header.dataStart();
    MemorySegment data = arena.allocate(count, Long.BYTES);
    read(header.dataStart(), data);
    return tensors(data.asReadOnly());
  }

  private Safetensors tensors(MemorySegment data) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (SafetensorsHeader.Entry entry : header.entries()) {
      MemorySegment memory = data.asSlice(entry.begin, entry.end - entry.begin);
      tensors.put(entry.name, Tensor.of(memory, entry.dtype, entry.shape));
    }
    return new Safetensors(file, Collections.unmodifiableMap(tensors), header.metadata());
  }

  /**
   * Reads a part of a tensor's bytes.
   *
   * @param from the first byte, counted from the tensor's first
   * @param to as many bytes as are wanted
   * @throws IOException if they cannot be read, or the file has become shorter
   * @throws IllegalArgumentException if there is no such tensor
   * @throws IndexOutOfBoundsException if it has fewer bytes
   */
  public void read(String tensor, long from, MemorySegment to) throws IOException {
    Objects.requireNonNull(tensor, "tensor must not be null");
    Objects.requireNonNull(to, "to must not be null");
    SafetensorsHeader.Entry entry = entries.get(tensor);
    if (entry == null) {
      throw new IllegalArgumentException(
          "safetensors file must hold the tensor: file=%s, tensor=%s"
              .formatted(file, SafetensorsJson.quoted(tensor)));
    }
    long _ = Objects.checkFromIndexSize(from, to.byteSize(), entry.end - entry.begin);
    read(header.dataStart() + entry.begin + from, to);
  }

  private void read(long from, MemorySegment to) throws IOException {
    for (long at = 0; at < to.byteSize(); ) {
      long most = Math.min(CHUNK, to.byteSize() - at);
      ByteBuffer buffer = to.asSlice(at, most).asByteBuffer();
      int count = channel.read(buffer, from + at);
      if (count < 0) {
        throw new IOException(
            "safetensors file must not become shorter while it is read: file=%s, bytes=%d, now=%d"
                .formatted(file, bytes, channel.size()));
      }
      at += count;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
