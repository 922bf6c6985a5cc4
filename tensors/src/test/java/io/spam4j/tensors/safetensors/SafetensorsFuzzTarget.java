package io.spam4j.tensors.safetensors;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import com.sun.management.ThreadMXBean;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What must hold of the reader whatever a file contains: it agrees with the oracle, refuses with a
 * short message, and allocates little; what it accepts can be written and read back. A fuzzer calls
 * {@link #fuzzerTestOneInput}, see docs/fuzzing.md.
 */
public final class SafetensorsFuzzTarget {
  private static final long MOST_ALLOCATED = 1 << 20;
  private static final int LONGEST_MESSAGE = 1000;

  /** Headers with this many bytes of data or fewer are completed to files. */
  private static final int MOST_DATA = 4096;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private SafetensorsFuzzTarget() {}

  /**
   * Reads the input twice: as a file, and as the bytes of data of a file (8 bytes, little-endian)
   * followed by its header. The second has no length that every change of the header breaks, and
   * knows files larger than a disk.
   */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    checkFile(input);
    if (input.length >= Long.BYTES) {
      // Half of the largest long leaves room for the header.
      long data = ByteBuffer.wrap(input).order(LITTLE_ENDIAN).getLong() & Long.MAX_VALUE >> 1;
      byte[] header = Arrays.copyOfRange(input, Long.BYTES, input.length);
      if (checkHeader(header, data) && data <= MOST_DATA) {
        checkFile(SafetensorsFiles.bytes(header, (int) data));
      }
    }
  }

  private static void checkFile(byte[] bytes) throws IOException {
    Path folder = Files.createTempDirectory("safetensors");
    Path file = folder.resolve("input");
    Path copy = folder.resolve("copy");
    Path second = folder.resolve("second");
    try {
      if (opens(Files.write(file, bytes), bytes)) {
        rewrite(file, copy);
        require(opens(copy, Files.readAllBytes(copy)), "written file refused");
        require(contents(copy).equals(contents(file)), "written file holds something else");
        rewrite(copy, second);
        require(Files.mismatch(copy, second) == -1, "same contents gave other bytes");
      }
    } finally {
      for (Path path : List.of(file, copy, second, folder)) {
        Files.deleteIfExists(path);
      }
    }
  }

  private static void rewrite(Path from, Path to) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.open(from, arena);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      read.names().forEach(name -> tensors.put(name, read.tensor(name)));
      Safetensors.write(to, tensors, read.metadata());
    }
  }

  /** All that a file holds, in no order. */
  private static Map<String, Object> contents(Path file) throws IOException {
    Map<String, Object> contents = new LinkedHashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.open(file, arena);
      for (String name : read.names()) {
        Tensor tensor = read.tensor(name);
        byte[] bytes = tensor.memory().toArray(ValueLayout.JAVA_BYTE);
        contents.put(name, List.of(tensor.toString(), ByteBuffer.wrap(bytes)));
      }
      contents.put(SafetensorsHeader.METADATA, read.metadata());
    }
    return contents;
  }

  /**
   * Whether the reader accepts a file.
   *
   * @param bytes what is in the file
   * @throws AssertionError if the reader and the oracle disagree, or the reader allocated much
   */
  static boolean opens(Path file, byte[] bytes) throws IOException {
    Optional<SafetensorsOracle.Contents> expected = SafetensorsOracle.read(bytes);
    try (Arena arena = Arena.ofConfined()) {
      Attempt attempt = Attempt.of(file, arena);
      if (attempt.allocated > MOST_ALLOCATED) {
        attempt = Attempt.of(file, arena); // The first may have loaded classes.
        require(attempt.allocated <= MOST_ALLOCATED, "allocated bytes: " + attempt.allocated);
      }
      if (attempt.read == null) {
        checkRefusal(attempt.refusal, file, expected.isPresent());
        return false;
      }
      require(expected.isPresent(), "accepted");
      checkContents(attempt.read, bytes, expected.orElseThrow());
      return true;
    }
  }

  /** What came of opening a file: its contents, or why not. */
  private record Attempt(@Nullable Safetensors read, String refusal, long allocated) {
    static Attempt of(Path file, Arena arena) throws IOException {
      Safetensors read = null;
      String refusal = "";
      long before = THREADS.getCurrentThreadAllocatedBytes();
      try {
        read = Safetensors.open(file, arena);
      } catch (SafetensorsFormatException e) {
        refusal = String.valueOf(e.getMessage());
      }
      return new Attempt(read, refusal, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
  }

  private static void checkContents(
      Safetensors read, byte[] bytes, SafetensorsOracle.Contents expected) {
    int dataStart = Long.BYTES + (int) ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN).getLong();
    checkMetadata(read.metadata(), expected);
    requireSame(read.names(), expected.spans().stream().map(SafetensorsOracle.Span::name).toList());
    for (SafetensorsOracle.Span span : expected.spans()) {
      Tensor tensor = read.tensor(span.name());
      requireSame(tensor.toString(), span.type());
      byte[] slice =
          Arrays.copyOfRange(
              bytes, dataStart + span.begin().intValue(), dataStart + span.end().intValue());
      require(tensor.memory().mismatch(MemorySegment.ofArray(slice)) == -1, "data differ");
    }
  }

  /** Whether the reader accepts a header before {@code dataBytes} bytes of data. */
  private static boolean checkHeader(byte[] bytes, long dataBytes) {
    Path file = Path.of("input");
    Optional<SafetensorsOracle.Contents> expected = SafetensorsOracle.read(bytes, dataBytes);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment start = arena.allocate(Long.BYTES + (long) bytes.length);
      start.copyFrom(MemorySegment.ofArray(SafetensorsFiles.length(bytes.length)));
      start.asSlice(Long.BYTES).copyFrom(MemorySegment.ofArray(bytes));
      SafetensorsHeader header = SafetensorsHeader.read(file, start, start.byteSize() + dataBytes);

      require(expected.isPresent(), "accepted");
      requireSame(header.dataStart(), start.byteSize());
      checkMetadata(header.metadata(), expected.orElseThrow());
      requireSame(
          header.entries().stream().map(SafetensorsFuzzTarget::span).toList(),
          expected.orElseThrow().spans());
      return true;
    } catch (SafetensorsFormatException e) {
      checkRefusal(String.valueOf(e.getMessage()), file, expected.isPresent());
      return false;
    }
  }

  private static SafetensorsOracle.Span span(SafetensorsHeader.Entry entry) {
    return new SafetensorsOracle.Span(
        entry.name,
        entry.dtype + Arrays.toString(entry.shape),
        BigInteger.valueOf(entry.begin),
        BigInteger.valueOf(entry.end));
  }

  /** Also of their order. */
  private static void checkMetadata(
      Map<String, String> metadata, SafetensorsOracle.Contents expected) {
    requireSame(List.copyOf(metadata.entrySet()), List.copyOf(expected.metadata().entrySet()));
  }

  private static void checkRefusal(String refusal, Path file, boolean valid) {
    require(!valid, "refused: " + refusal);
    int rule = refusal.indexOf(": file=" + file);
    require(
        refusal.startsWith("safetensors ") && rule > 0, "message without rule or file: " + refusal);
    require(refusal.length() <= LONGEST_MESSAGE, "message as long as the file: " + refusal);
  }

  private static void requireSame(Object actual, Object expected) {
    require(actual.equals(expected), "read " + actual + ", expected " + expected);
  }

  private static void require(boolean holds, String problem) {
    if (!holds) {
      throw new AssertionError(problem);
    }
  }
}
