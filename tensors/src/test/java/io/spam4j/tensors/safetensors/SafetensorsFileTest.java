package io.spam4j.tensors.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are read, and headers that are larger than the format allows. */
final class SafetensorsFileTest {
  @TempDir private Path folder;

  private Path written() throws IOException {
    Path file = folder.resolve("file");
    Safetensors.write(
        file,
        Map.of("a", Tensor.of(new float[] {1, 2, 3}, 3), "b", Tensor.of(new float[] {4}, 1)),
        Map.of());
    return file;
  }

  @Test
  void read_givesCopiesOfTheFileThatWasOpened() throws IOException {
    Path file = written();
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile opened = SafetensorsFile.open(file)) {
      Safetensors.write(file, Map.of("c", Tensor.of(new float[] {9}, 1)), Map.of());
      MemorySegment to = arena.allocate(8);

      opened.read("a", 4, to);

      assertThat(to.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(2, 3);
      assertThat(opened.map(arena).names()).containsExactly("a", "b");
      assertThatThrownBy(() -> opened.read("a", 8, to))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> opened.read("c", 0, to))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("safetensors file must hold the tensor: file=%s, tensor=\"c\"", file);
    }
  }

  @Test
  void read_ofAFileThatBecameShorter_isAnException() throws IOException {
    Path file = written();
    long bytes = Files.size(file);
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile opened = SafetensorsFile.open(file)) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(bytes - 1);
      }
      MemorySegment to = arena.allocate(4);

      assertThatThrownBy(() -> opened.read("b", 0, to))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "safetensors file must not become shorter while it is read: file=%s, bytes=%d,"
                  + " now=%d",
              file, bytes, bytes - 1);
    }
  }

  @Test
  void copy_ofAFileThatIsChangedAndShortenedAfterwards_staysAsItWas() throws IOException {
    Path file = written();
    long bytes = Files.size(file);
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile opened = SafetensorsFile.open(file)) {
      Safetensors mapped = opened.map(arena);
      Safetensors copy = opened.copy(arena);
      byte[] before = copy.tensor("b").memory().toArray(ValueLayout.JAVA_BYTE);
      assertThat(mapped.tensor("b").memory().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(new byte[] {77}), bytes - 1);
        assertThat(mapped.tensor("b").memory().toArray(ValueLayout.JAVA_BYTE)).endsWith(77);
        channel.truncate(0);
      }

      assertThat(copy.names()).isEqualTo(mapped.names());
      assertThat(copy.metadata()).isEqualTo(mapped.metadata());
      assertThat(copy.tensor("b").memory().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
      assertThatThrownBy(() -> opened.copy(arena))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("safetensors file must not become shorter while it is read");
    }
  }

  @Test
  void writeChecksummed_tellsTheChecksumsOfWhatWasWritten() throws IOException {
    Path file = folder.resolve("file");
    Map<String, Integer> told = new HashMap<>();
    byte[] nine = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};

    Safetensors.writeChecksummed(
        file,
        Map.of("a", Tensor.of(MemorySegment.ofArray(nine), DType.U8, 9)),
        crcs -> {
          told.putAll(crcs);
          return Map.of("crc", "%08x".formatted(crcs.get("a")));
        });

    assertThat(told).containsExactly(Map.entry("a", 0xe3069283)); // the check value of CRC-32C
    try (Arena arena = Arena.ofConfined()) {
      assertThat(Safetensors.open(file, arena).metadata()).containsEntry("crc", "e3069283");
    }
  }

  @Test
  void writeChecksummed_metadataOfAnotherLength_isRefusedAndLeavesNothing() {
    assertThatThrownBy(
            () ->
                Safetensors.writeChecksummed(
                    folder.resolve("file"),
                    Map.of("a", Tensor.of(new float[] {1}, 1)),
                    crcs -> Map.of("crc", "x".repeat(crcs.getOrDefault("a", 0) == 0 ? 1 : 500))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "metadata must have as many bytes with one checksum as with another: before=");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void writeChecksummed_headerLargerThanTheFormatAllows_isNested() throws IOException {
    Path file = folder.resolve("large");
    Map<String, Tensor> tensors =
        Map.of("a", Tensor.of(new float[] {1, 2}, 2), "b", Tensor.of(new float[] {3}, 1));
    String large = "x".repeat(SafetensorsHeader.MAX_BYTES);

    Safetensors.writeChecksummed(
        file,
        tensors,
        crcs -> Map.of("k", large, "crcs", crcs.getOrDefault("a", 0) == 0 ? "0" : "1"));

    try (Arena arena = Arena.ofConfined();
        SafetensorsFile opened = SafetensorsFile.open(file)) {
      Safetensors read = Safetensors.open(file, arena);
      assertThat(read.names()).isEqualTo(List.of("a", "b"));
      assertThat(read.tensor("a").toFloats()).containsExactly(1, 2);
      assertThat(read.tensor("b").toFloats()).containsExactly(3);
      assertThat(read.metadata()).hasSize(2).containsEntry("crcs", "1").containsEntry("k", large);
      MemorySegment to = arena.allocate(4);
      opened.read("b", 0, to);
      assertThat(to.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(3);
    }
  }

  @Test
  void open_nestedHeaderOfAnySize_isRefusedBeforeThereIsMemoryForIt() throws IOException {
    Path file = folder.resolve("sparse");
    long bytes = 50_000_000_000L;
    String json =
        ("{\"__metadata__\":{\"spam4j.nested\":\"safetensors\"},"
                + "\"data\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"header\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[1,%d]}}")
            .formatted(bytes, bytes + 1);
    String padded = json + " ".repeat((8 - json.length() % 8) % 8);
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.writeLong(Long.reverseBytes(padded.length()));
      sparse.writeBytes(padded);
      sparse.setLength(8 + padded.length() + bytes + 1);
    }

    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOf(SafetensorsFormatException.class)
        .hasMessage(
            "safetensors header inside must have at most 1073741832 bytes: file=%s, bytes=%d",
            file, bytes);
  }

  @Test
  void open_nestedHeaderWithoutItsLength_isRefused() throws IOException {
    Path file = folder.resolve("broken");
    Map<String, Tensor> tensors =
        Map.of(
            "data", Tensor.of(MemorySegment.ofArray(new byte[3]), DType.U8, 3),
            "header", Tensor.of(MemorySegment.ofArray(new byte[5]), DType.U8, 5));
    Safetensors.write(file, tensors, Map.of("spam4j.nested", "safetensors"));

    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOf(SafetensorsFormatException.class)
        .hasMessage("safetensors header inside must have its length: file=%s, bytes=5", file);
  }
}
