package io.spam4j.tensors.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsTest {
  @TempDir private Path folder;

  @Test
  void open_fileByHand() throws IOException {
    String header =
        "{ \"b\\u00e9\\n\" :{\"shape\":[2],\"data_offsets\":[4,6],\"dtype\":\"U8\"},\t\n\r"
            + "\"__metadata__\":{\"z\":\"1\",\"a\":\"\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\r\\t\"},"
            + "\"ü😀\":{\"dtype\":\"F32\",\"shape\":[ ],\"data_offsets\":[0,4]}}   ";
    Path file = SafetensorsFiles.write(folder, SafetensorsFiles.bytes(header, 6));
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.open(file, arena);

      assertThat(read.names()).containsExactly("ü😀", "bé\n");
      assertThat(read.metadata()).containsExactly(entry("z", "1"), entry("a", "😀\"\\/\b\f\r\t"));
      assertThat(read.tensor("ü😀")).hasToString("F32[]");
      assertThat(read.tensor("ü😀").getFloat(0)).isEqualTo(Float.intBitsToFloat(0x03020100));
      assertThat(bytes(read.tensor("bé\n"))).containsExactly(4, 5);
      assertThat(read.tensor("bé\n").memory().isReadOnly()).isTrue();
    }
  }

  @Test
  void open_smallestFile() throws IOException {
    Path file = SafetensorsFiles.write(folder, SafetensorsFiles.bytes("{}", 0));
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.open(file, arena);

      assertThat(read.names()).isEmpty();
      assertThat(read.metadata()).isEmpty();
    }
  }

  @Test
  void open_emptyTensorsAnywhere() throws IOException {
    String header =
        "{\"end\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[2,2]},"
            + "\"two\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]},"
            + "\"begin\":{\"dtype\":\"F64\",\"shape\":[9223372036854775807,3,0],"
            + "\"data_offsets\":[0,0]}}";
    Path file = SafetensorsFiles.write(folder, SafetensorsFiles.bytes(header, 2));
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.open(file, arena);

      assertThat(read.names()).containsExactly("begin", "two", "end");
      assertThat(read.tensor("begin").bytes()).isZero();
      assertThat(read.tensor("end")).hasToString("I64[0]");
    }
  }

  @Test
  void open_sparseFileBeyondTwoGiB() throws IOException {
    Path file = folder.resolve("big.safetensors");
    long big = (1L << 31) + 101;
    byte[] header =
        SafetensorsFiles.bytes(
            "{\"big\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},"
                    .formatted(big, big)
                + "\"last\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}"
                    .formatted(big, big + 4),
            0);
    try {
      try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
        sparse.write(header);
        sparse.setLength(header.length + big + 4);
        sparse.seek(header.length + big - 1);
        sparse.write(7);
        sparse.writeInt(Integer.reverseBytes(Float.floatToIntBits(1.5f)));
      }
      try (Arena arena = Arena.ofConfined()) {
        Safetensors read = Safetensors.open(file, arena);

        assertThat(read.tensor("big").elements()).isEqualTo(big);
        assertThat(read.tensor("big").memory().get(ValueLayout.JAVA_BYTE, big - 1))
            .isEqualTo((byte) 7);
        assertThat(read.tensor("last").getFloat(0)).isEqualTo(1.5f);
      }
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void tensor_unknownName() throws IOException {
    Path file = SafetensorsFiles.write(folder, SafetensorsFiles.bytes("{}", 0));
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.open(file, arena);

      assertThatThrownBy(() -> read.tensor("a\nb"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "safetensors file must hold the tensor: file=" + file + ", tensor=\"a\\u000ab\"");
    }
  }

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

  @ParameterizedTest
  @EnumSource
  void roundTrip_everyDTypeAndRank(DType dtype) throws IOException {
    Random random = new Random(20261122);
    long[][] shapes = {
      {}, {0}, {8}, {3, 0, 5}, {2, 4}, {1021, 8}, {3, 1, 8, 5}, {1, 1, 1, 1, 1, 8}
    };
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      for (long[] shape : shapes) {
        if (Tensor.elements(shape) * dtype.bits() % 8 != 0) {
          continue; // A scalar of a sub-byte type fills no byte, so no such tensor exists.
        }
        int bytes = (int) dtype.bytes(Tensor.elements(shape));
        byte[] values = new byte[bytes + 3];
        random.nextBytes(values);
        MemorySegment heap = MemorySegment.ofArray(values);
        MemorySegment direct = arena.allocate(bytes + 3L).copyFrom(heap);
        for (int start : new int[] {0, 3}) {
          String name = Arrays.toString(shape) + "+" + start;
          tensors.put("heap " + name, Tensor.of(heap.asSlice(start, bytes), dtype, shape));
          tensors.put("native " + name, Tensor.of(direct.asSlice(start, bytes), dtype, shape));
        }
      }
      Map<String, String> metadata = Map.of("", "", "ключ", "値\u0000");
      Path file = folder.resolve("round.safetensors");

      Safetensors.write(file, tensors, metadata);
      Safetensors read = Safetensors.open(file, arena);

      assertThat(read.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
      assertThat(read.metadata()).isEqualTo(metadata);
      assertSame(read, tensors);
    }
  }

  @Test
  void roundTrip_everyHeapArray() throws IOException {
    Map<String, Tensor> tensors =
        Map.of(
            "float", Tensor.of(new float[] {1, Float.NaN, -0f}, 3),
            "double", Tensor.of(MemorySegment.ofArray(new double[] {1e300}), DType.F64, 1),
            "long", Tensor.of(MemorySegment.ofArray(new long[] {-1}), DType.I64, 1),
            "int", Tensor.of(MemorySegment.ofArray(new int[] {1, 2}), DType.I32, 2),
            "short", Tensor.of(MemorySegment.ofArray(new short[] {1}), DType.BF16, 1),
            "char", Tensor.of(MemorySegment.ofArray(new char[] {'x'}), DType.U16, 1));
    Path file = folder.resolve("heap.safetensors");

    Safetensors.write(file, tensors, Map.of());

    try (Arena arena = Arena.ofConfined()) {
      assertSame(Safetensors.open(file, arena), tensors);
    }
  }

  @Test
  void roundTrip_severalChunks() throws IOException {
    byte[] values = new byte[(5 << 19) + 1]; // two chunks and a half
    new Random(20261122).nextBytes(values);
    Map<String, Tensor> tensors =
        Map.of("t", Tensor.of(MemorySegment.ofArray(values), DType.I8, values.length));
    Path file = folder.resolve("chunks.safetensors");

    Safetensors.write(file, tensors, Map.of());

    try (Arena arena = Arena.ofConfined()) {
      assertSame(Safetensors.open(file, arena), tensors);
    }
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
        .hasMessage("safetensors file must be in a folder: file=" + root);
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

  @Test
  void requireLittleEndian_bigEndian() {
    assertThatThrownBy(() -> Safetensors.requireLittleEndian(ByteOrder.BIG_ENDIAN))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("safetensors need a little-endian machine: order=BIG_ENDIAN");
  }

  private void assertRefused(
      Map<String, Tensor> tensors, Map<String, String> metadata, String message) {
    assertThatThrownBy(
            () -> Safetensors.write(folder.resolve("refused.safetensors"), tensors, metadata))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
    assertThat(folder).isEmptyDirectory();
  }

  private static void assertSame(Safetensors read, Map<String, Tensor> written) {
    written.forEach(
        (name, tensor) -> {
          assertThat(read.tensor(name)).hasToString(tensor.toString());
          assertThat(read.tensor(name).memory().mismatch(tensor.memory())).as(name).isEqualTo(-1);
        });
  }

  private static byte[] bytes(Tensor tensor) {
    return tensor.memory().toArray(ValueLayout.JAVA_BYTE);
  }

  private List<Path> list() throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.toList();
    }
  }
}
