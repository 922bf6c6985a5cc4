package io.spam4j.tensors.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that someone broke, by chance or on purpose: the reader accepts exactly those that the
 * oracle does, refuses the others with a message, and never allocates much for a small file.
 */
class SafetensorsFuzzTest {
  private static final long SEED = 20261122;
  private static final int CASES = 10_000;
  private static final List<DType> DTYPES = List.of(DType.values());

  private static final List<String> TOKENS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          " ",
          "\n",
          "\\",
          "\\u0061",
          "\\ud800",
          "0",
          "1",
          "2",
          "-1",
          "00",
          "1.0",
          "1e9",
          "9223372036854775807",
          "9223372036854775808",
          "99999999999999999999",
          "4294967296",
          "null",
          "true",
          "\"a\"",
          "\"b\"",
          "\"dtype\"",
          "\"shape\"",
          "\"data_offsets\"",
          "\"__metadata__\"",
          "\"U8\"",
          "\"F4\"",
          "\"F32\"",
          "\"F64\"",
          "é",
          "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");

  @TempDir private Path folder;

  private int accepted;
  private int files;

  @Test
  void open_brokenFiles() throws IOException {
    Random random = new Random(SEED);
    for (int i = 0; i < CASES; i++) {
      checkOne(breakOne(valid(random), random), i);
    }

    // Neither opinion is trivial: flips in the data, and in names, leave a valid file.
    assertThat(accepted).isBetween(CASES / 50, CASES / 2);
  }

  @Test
  void open_hostileFiles() throws IOException {
    checkOne(new byte[0], -1);
    String deep = "[".repeat(200_000);
    String objects = "{\"a\":".repeat(50_000);
    List<String> headers =
        List.of(
            deep,
            "{" + deep,
            objects,
            "{\"a\":{\"shape\":" + deep,
            "{\"__metadata__\":" + objects,
            "{\"a\":{\"shape\":[" + "9".repeat(200_000) + "]",
            "{\"a\":{\"shape\":[4294967296,4294967296,4294967296],"
                + "\"dtype\":\"F64\",\"data_offsets\":[0,0]}}",
            "{\"a\":{\"shape\":[9223372036854775807],\"dtype\":\"F64\","
                + "\"data_offsets\":[0,9223372036854775807]}}",
            "{\"a\":{\"shape\":[9223372036854775807],\"dtype\":\"U8\","
                + "\"data_offsets\":[0,9223372036854775807]}}",
            "{\"a\":{\"shape\":[1"
                + ",1".repeat(20_000)
                + "],\"dtype\":\"U8\",\"data_offsets\":[0,0]}}",
            "{\"" + "x".repeat(100_000) + "\":{\"dtype\":\"" + "y".repeat(50_000) + "\"}}");
    for (String header : headers) {
      checkOne(SafetensorsFiles.bytes(header, 0), -1);
    }
    for (long length :
        new long[] {1, 99_999_999, 100_000_000, Long.MAX_VALUE, Long.MIN_VALUE, -1, -8}) {
      checkOne(SafetensorsFiles.length(length), -1);
      byte[] longer = Arrays.copyOf(SafetensorsFiles.length(length), 100);
      longer[8] = '{';
      checkOne(longer, -1);
    }
    assertThat(accepted).isZero();
  }

  private void checkOne(byte[] bytes, int number) throws IOException {
    // Never the same file twice: some file systems wait for the disk when one is truncated.
    Path file = Files.write(folder.resolve("case" + ++files), bytes);
    assertThatCode(() -> accepted += SafetensorsFuzzTarget.opens(file, bytes) ? 1 : 0)
        .as(
            () ->
                "seed=%d, case=%d, file=%s"
                    .formatted(SEED, number, HexFormat.of().formatHex(bytes)))
        .doesNotThrowAnyException();
    Files.delete(file);
  }

  private static byte[] valid(Random random) {
    StringBuilder header = new StringBuilder("{");
    int tensors = random.nextInt(4);
    long offset = 0;
    for (int i = 0; i < tensors; i++) {
      DType dtype = DTYPES.get(random.nextInt(DTYPES.size()));
      long[] shape = new long[random.nextInt(4)];
      Arrays.setAll(shape, dimension -> random.nextInt(4));
      if (dtype.bits() % 8 != 0) {
        shape = Arrays.copyOf(shape, shape.length + 1);
        shape[shape.length - 1] = 8;
      }
      long end = offset + dtype.bytes(Tensor.elements(shape));
      header.append(
          "\"%c\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]},"
              .formatted('a' + i, dtype, Arrays.toString(shape), offset, end));
      offset = end;
    }
    if (random.nextBoolean()) {
      header.append("\"__metadata__\":{\"k\\n\":\"vé\"},");
    }
    if (header.length() > 1) {
      header.setLength(header.length() - 1);
    }
    header.append("}").append(" ".repeat(random.nextInt(8)));
    return SafetensorsFiles.bytes(header.toString(), (int) offset);
  }

  private static byte[] breakOne(byte[] file, Random random) {
    byte[] broken = file.clone();
    int at = random.nextInt(file.length);
    switch (random.nextInt(8)) {
      case 0 -> broken = Arrays.copyOf(file, at);
      case 1 -> broken[at] ^= (byte) (1 << random.nextInt(8));
      case 2 -> broken[at] = (byte) random.nextInt(256);
      case 3 -> broken = Arrays.copyOf(file, file.length + 1 + random.nextInt(9));
      case 4 -> {
        byte[] length = SafetensorsFiles.length(random.nextLong() >>> random.nextInt(64));
        System.arraycopy(length, 0, broken, 0, length.length);
      }
      case 5 -> {
        for (int i = 0; i < 4; i++) {
          broken[8 + random.nextInt(file.length - 8)] ^= (byte) (1 << random.nextInt(8));
        }
      }
      default -> broken = splice(file, random);
    }
    return broken;
  }

  /** Replaces a few bytes of the header by a token, and corrects its length. */
  private static byte[] splice(byte[] file, Random random) {
    int headerBytes = (file[0] & 0xFF) | (file[1] & 0xFF) << 8;
    int from = random.nextInt(headerBytes);
    int to = Math.min(headerBytes, from + random.nextInt(4));
    byte[] token = TOKENS.get(random.nextInt(TOKENS.size())).getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(SafetensorsFiles.length(headerBytes - (to - from) + token.length));
    bytes.write(file, 8, from);
    bytes.writeBytes(token);
    bytes.write(file, 8 + to, file.length - 8 - to);
    return bytes.toByteArray();
  }
}
