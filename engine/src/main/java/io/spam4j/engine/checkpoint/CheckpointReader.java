package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint that is read, as an optimizer does that goes on from it. Its tensors are read, never
 * looked at where they are mapped: what is checked is the copy that is used, so that a file that
 * somebody changes or shortens meanwhile is an exception.
 */
public final class CheckpointReader implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  private final SafetensorsFile file;
  private final Checkpoint checkpoint;
  private final IdentityHashMap<Tensor, String> names = new IdentityHashMap<>();
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment chunk;

  private CheckpointReader(SafetensorsFile file, Checkpoint checkpoint) {
    this.file = file;
    this.checkpoint = checkpoint;
    checkpoint.tensors().forEach((name, tensor) -> names.put(tensor, name));
    chunk = arena.allocate(CHUNK, 64);
  }

  /**
   * Opens a checkpoint.
   *
   * @param arena how long its tensors live, which tell types and shapes
   * @throws CheckpointFormatException if the file is no checkpoint, of an unknown version, or
   *     damaged
   * @throws io.spam4j.tensors.safetensors.SafetensorsFormatException if it is no safetensors file
   * @throws IOException if it cannot be read
   */
  public static CheckpointReader open(Path path, Arena arena) throws IOException {
    SafetensorsFile file = SafetensorsFile.open(path);
    try {
      return new CheckpointReader(file, Checkpoint.of(path, file.map(arena)));
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** What the file says. The bytes of its tensors are for {@link #read} alone. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /**
   * Reads all tensors and compares them with their checksums.
   *
   * @throws CheckpointFormatException if some are damaged; it lists them
   */
  public void requireIntact() throws IOException {
    checkpoint.requireNone(damaged());
  }

  /**
   * Reads all tensors and compares them with their checksums.
   *
   * @return the tensors whose bytes are not those that were saved; empty if all is well
   */
  public List<String> damaged() throws IOException {
    List<String> damaged = new ArrayList<>();
    for (Map.Entry<String, Tensor> named : checkpoint.tensors().entrySet()) {
      String name = named.getKey();
      if (!pass(name, named.getValue().bytes(), null).equals(saved(name))) {
        damaged.add(name);
      }
    }
    return damaged;
  }

  /**
   * Copies a tensor of the checkpoint as the file has it now, whatever its checksum is.
   *
   * @param to how long the copy lives
   */
  public Tensor copy(Tensor tensor, Arena to) throws IOException {
    Tensor own = Tensor.allocate(to, tensor.dtype(), tensor.shape());
    file.read(name(tensor), 0, own.memory());
    return own;
  }

  /**
   * Copies the bytes of a tensor, and checks what was copied.
   *
   * @param tensor of the checkpoint
   * @param to heap or native; filled partly after an exception
   * @throws CheckpointFormatException if its bytes are not those that were saved
   */
  public void read(Tensor tensor, MemorySegment to) throws IOException {
    String name = name(tensor);
    String actual = pass(name, tensor.bytes(), to);
    if (!actual.equals(saved(name))) {
      throw CheckpointFormatException.of(
          checkpoint.file(),
          "checkpoint must not be changed while it is loaded, load it again",
          "tensor=%s, saved=%s, actual=%s".formatted(name, saved(name), actual),
          null);
    }
  }

  /** Copies a selection's bytes, and checks them. */
  public SavedMask read(SavedMask mask, Arena to) throws IOException {
    Tensor data = mask.data();
    Tensor own = Tensor.allocate(to, data.dtype(), data.shape());
    read(data, own.memory());
    return new SavedMask(mask.elements(), mask.count(), mask.lineLength(), mask.width(), own);
  }

  private String name(Tensor tensor) {
    return Objects.requireNonNull(names.get(tensor), "tensor must be of the checkpoint");
  }

  private String saved(String tensor) {
    return Objects.requireNonNull(checkpoint.checksums().get(tensor));
  }

  /**
   * Reads a tensor once; the checksum is that of the bytes that {@code to} gets, if there is one.
   */
  private String pass(String name, long bytes, @Nullable MemorySegment to) throws IOException {
    var crc = new CRC32C();
    ByteBuffer buffer = chunk.asByteBuffer();
    for (long from = 0; from < bytes; from += CHUNK) {
      int count = (int) Math.min(CHUNK, bytes - from);
      file.read(name, from, chunk.asSlice(0, count));
      crc.update(buffer.position(0).limit(count));
      if (to != null) {
        MemorySegment.copy(chunk, 0, to, from, count);
      }
    }
    return CheckpointFormat.text((int) crc.getValue());
  }

  @Override
  public void close() throws IOException {
    arena.close();
    file.close();
  }
}
