package io.spam4j.tensors.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written, byte for byte, and what is left if it cannot be. */
class SafetensorsWriteTest {
  @TempDir private Path folder;

  @Test
  void write_exactBytes() throws IOException {
    Path file = folder.resolve("exact.safetensors");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("b", Tensor.of(new float[] {1, 2}, 2, 1));
    tensors.put("bytes", Tensor.of(MemorySegment.ofArray(new byte[] {9}), DType.U8));
    tensors.put("a\"", Tensor.of(new float[0], 0));
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("z", "\n");
    metadata.put("format", "pt");

    Safetensors.write(file, tensors, metadata);

    String header =
        "{\"__metadata__\":{\"format\":\"pt\",\"z\":\"\\u000a\"},"
            + "\"a\\\"\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
            + "\"bytes\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[8,9]}}";
    byte[] written = Files.readAllBytes(file);
    int dataStart = written.length - 9;
    assertThat(dataStart % 64).isZero();
    assertThat(written).startsWith(SafetensorsFiles.length(dataStart - 8));
    assertThat(new String(written, 8, dataStart - 8, StandardCharsets.UTF_8))
        .isEqualTo(header + " ".repeat(dataStart - 8 - header.length()));
    assertThat(Arrays.copyOfRange(written, dataStart, written.length))
        .containsExactly(0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 9);
    assertThat(list()).containsExactly(file);
  }

  @Test
  void write_nothing() throws IOException {
    Path file = folder.resolve("empty.safetensors");

    Safetensors.write(file, Map.of(), Map.of());

    assertThat(Files.readAllBytes(file))
        .isEqualTo(SafetensorsFiles.bytes("{}" + " ".repeat(54), 0));
  }

  @Test
  void write_headerNeedsNoPadding() throws IOException {
    Path file = folder.resolve("full.safetensors");
    int without = "{\"__metadata__\":{\"\":\"\"}}".length();

    Safetensors.write(file, Map.of(), Map.of("", "x".repeat(120 - without)));

    assertThat(Files.size(file)).isEqualTo(128);
  }

  @Test
  void write_ordersByDTypeThenUtf8() throws IOException {
    Path file = folder.resolve("order.safetensors");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String name : List.of("\uffee", "😀", "b", "a", "Z")) {
      tensors.put(name, Tensor.of(new float[1], 1));
    }
    for (DType dtype : DType.values()) {
      tensors.put(dtype.name(), Tensor.of(MemorySegment.ofArray(new byte[0]), dtype, 0));
    }

    Safetensors.write(file, tensors, Map.of());

    List<DType> dtypes = Arrays.asList(DType.values()).reversed();
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.open(file, arena);
      List<String> inFile = headerOrder(file);
      assertThat(read.names()).hasSameSizeAs(tensors.keySet());
      assertThat(inFile.stream().map(name -> read.tensor(name).dtype()).distinct())
          .isEqualTo(dtypes);
      assertThat(inFile.stream().filter(name -> read.tensor(name).dtype() == DType.F32))
          .containsExactly("F32", "Z", "a", "b", "\uffee", "😀");
    }
  }

  /** The names as the header lists them; empty tensors have no order of data. */
  private static List<String> headerOrder(Path file) throws IOException {
    String text = Files.readString(file);
    return Pattern.compile("\"([^\"]+)\":\\{\"dtype\"")
        .matcher(text.substring(text.indexOf('{')))
        .results()
        .map(match -> match.group(1))
        .toList();
  }

  @Test
  void write_replacesTheFileItsTensorsComeFrom() throws IOException {
    Path file = folder.resolve("self.safetensors");
    Safetensors.write(file, Map.of("old", Tensor.of(new float[] {1, 2, 3}, 3)), Map.of());
    try (Arena arena = Arena.ofConfined()) {
      Tensor old = Safetensors.open(file, arena).tensor("old");

      Safetensors.write(file, Map.of("new", old, "first", Tensor.of(new float[9], 9)), Map.of());

      assertThat(Safetensors.open(file, arena).tensor("new").toFloats()).containsExactly(1, 2, 3);
      assertThat(old.toFloats()).containsExactly(1, 2, 3);
      assertThat(list()).containsExactly(file);
    }
  }

  @Test
  void write_closedArenaLeavesTheOldFile() throws IOException {
    Path file = folder.resolve("old.safetensors");
    Safetensors.write(file, Map.of(), Map.of("which", "old"));
    byte[] old = Files.readAllBytes(file);
    Tensor closed;
    try (Arena arena = Arena.ofConfined()) {
      closed = Tensor.allocate(arena, DType.F32, 4);
    }
    Map<String, Tensor> tensors = Map.of("a", Tensor.of(new float[9], 9), "b", closed);

    assertThatThrownBy(() -> Safetensors.write(file, tensors, Map.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("Already closed");

    assertThat(Files.readAllBytes(file)).isEqualTo(old);
    assertThat(list()).containsExactly(file);
  }

  @Test
  void write_targetIsFolder() throws IOException {
    Path target = Files.createDirectory(folder.resolve("target"));
    Path inside = Files.createFile(target.resolve("inside"));

    assertThatThrownBy(() -> Safetensors.write(target, Map.of(), Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(target.toString());

    assertThat(inside).exists();
    assertThat(list()).containsExactly(target);
  }

  @Test
  void write_folderMissing() {
    Path missing = folder.resolve("missing");
    Path file = missing.resolve("x.safetensors");

    assertThatThrownBy(() -> Safetensors.write(file, Map.of(), Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(missing.toString());
  }

  @Test
  void write_root() {
    Path root = folder.getRoot();

    assertThatThrownBy(() -> Safetensors.write(root, Map.of(), Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessage("a file must be in a folder: file=" + root);
  }

  @Test
  void write_reservedName() {
    Map<String, Tensor> tensors = Map.of("__metadata__", Tensor.of(new float[1], 1));

    assertRefused(
        tensors,
        Map.of(),
        "tensor must not have the name of the metadata: tensor=\"__metadata__\"");
  }

  @Test
  void write_loneSurrogate() {
    String message = "safetensors strings must have no lone surrogate: text=\"\\ud800\"";
    Tensor tensor = Tensor.of(new float[1], 1);

    assertRefused(Map.of("\ud800", tensor), Map.of(), message);
    assertRefused(Map.of(), Map.of("\ud800", ""), message);
    assertRefused(Map.of(), Map.of("", "\ud800"), message);
  }

  @Test
  void write_headerTooLong() {
    assertRefused(
        Map.of(),
        Map.of("", "x".repeat(100_000_000)),
        "safetensors header must have at most 100000000 bytes: header=100000056");
  }

  private void assertRefused(
      Map<String, Tensor> tensors, Map<String, String> metadata, String message) {
    assertThatThrownBy(
            () -> Safetensors.write(folder.resolve("refused.safetensors"), tensors, metadata))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
    assertThat(folder).isEmptyDirectory();
  }

  private List<Path> list() throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.toList();
    }
  }
}
