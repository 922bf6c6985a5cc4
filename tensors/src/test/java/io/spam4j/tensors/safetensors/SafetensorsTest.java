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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is read, and that it is what was written. */
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
  void requireLittleEndian_bigEndian() {
    assertThatThrownBy(() -> Safetensors.requireLittleEndian(ByteOrder.BIG_ENDIAN))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("safetensors need a little-endian machine: order=BIG_ENDIAN");
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
}
