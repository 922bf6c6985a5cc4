package io.spam4j.tensors.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsRejectionTest {
  private static final String ENTRY = "{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}";

  @TempDir private Path folder;

  /** Headers followed by 2 bytes of data, and what is wrong; FILE stands for the file. */
  static Stream<Arguments> headers() {
    return Stream.of(
        arguments("", "safetensors header must have '{' first: file=FILE, offset=8, found=the end"),
        arguments(" {}", "safetensors header must have '{' first: file=FILE, offset=8, found=' '"),
        arguments("[]", "safetensors header must have '{' first: file=FILE, offset=8, found='['"),
        arguments(
            "{}\n",
            "safetensors header must have only spaces after its object:"
                + " file=FILE, offset=10, found=0x0a"),
        arguments(
            "{} {}",
            "safetensors header must have only spaces after its object:"
                + " file=FILE, offset=11, found='{'"),
        arguments(
            "{",
            "safetensors header must have a key, a string: file=FILE, offset=9, found=the end"),
        arguments(
            "{a:1}",
            "safetensors header must have a key, a string: file=FILE, offset=9, found='a'"),
        arguments("{\"a\" 1", "safetensors header must have ':': file=FILE, offset=13, found='1'"),
        arguments("{\"a\":[", "safetensors header must have '{': file=FILE, offset=13, found='['"),
        arguments(
            "{\"a\":null}", "safetensors header must have '{': file=FILE, offset=13, found='n'"),
        arguments(
            "{\"a\":" + ENTRY + ",}",
            "safetensors header must have a key, a string: file=FILE, offset=61, found='}'"),
        arguments(
            "{\"a\":" + ENTRY + " \"b\"",
            "safetensors header must have ',' or '}': file=FILE, offset=61, found='\"'"),
        arguments(
            "{\"ab",
            "safetensors header must have the closing '\"' of a key:"
                + " file=FILE, offset=12, found=the end"),
        arguments(
            "{\"a\\",
            "safetensors header must have the closing '\"' of a key:"
                + " file=FILE, offset=12, found=the end"),
        arguments(
            "{\"a\n\":",
            "safetensors header must have control characters only escaped:"
                + " file=FILE, offset=11, found=0x0a"),
        arguments(
            "{\"a\\x\":",
            "safetensors strings must have only the escapes of JSON: file=FILE, offset=10"),
        arguments(
            "{\"\\u12\":",
            "safetensors strings must have only the escapes of JSON: file=FILE, offset=10"),
        arguments(
            "{\"\\u00e٣\":",
            "safetensors strings must have only the escapes of JSON: file=FILE, offset=10"),
        arguments(
            "{\"\\ud800x\":",
            "safetensors strings must have no lone surrogate: file=FILE, offset=10"),
        arguments(
            "{\"a\":" + ENTRY + ",\"\\u0061\":" + ENTRY + "}",
            "safetensors keys must not repeat: file=FILE, key=\"a\", in=header"),
        arguments(
            "{\"__metadata__\":{},\"__metadata__\":{}}",
            "safetensors keys must not repeat: file=FILE, key=\"__metadata__\", in=header"),
        arguments(
            "{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}",
            "safetensors keys must not repeat: file=FILE, key=\"k\", in=__metadata__"),
        arguments(
            "{\"__metadata__\":{\"k\":1}}",
            "safetensors header must have a metadata value, a string:"
                + " file=FILE, offset=29, found='1'"),
        arguments(
            "{\"__metadata__\":null}",
            "safetensors header must have '{': file=FILE, offset=24, found='n'"),
        arguments(
            entry("\"dtype\":\"U8\",\"dtype\":\"U8\""),
            "safetensors keys must not repeat: file=FILE, key=\"dtype\", in=\"a\""),
        arguments(
            entry("\"shape\":[],\"shape\":[]"),
            "safetensors keys must not repeat: file=FILE, key=\"shape\", in=\"a\""),
        arguments(
            entry("\"data_offsets\":[0,2],\"data_offsets\":[0,2]"),
            "safetensors keys must not repeat: file=FILE, key=\"data_offsets\", in=\"a\""),
        arguments(
            entry("\"stride\":[1]"),
            "safetensors tensor must have only dtype, shape and data_offsets:"
                + " file=FILE, tensor=\"a\", key=\"stride\""),
        arguments(
            entry(""),
            "safetensors tensor must have dtype, shape and data_offsets: file=FILE, tensor=\"a\""),
        arguments(
            entry("\"dtype\":\"U8\",\"shape\":[2]"),
            "safetensors tensor must have dtype, shape and data_offsets: file=FILE, tensor=\"a\""),
        arguments(
            entry("\"dtype\":\"u8\""),
            "safetensors dtype must be one of the format's: file=FILE, tensor=\"a\", dtype=\"u8\""),
        arguments(
            entry("\"dtype\":\"" + "x".repeat(65) + "\""),
            "safetensors dtype must be one of the format's: file=FILE, tensor=\"a\", dtype=\""
                + "x".repeat(64)
                + "...\""),
        arguments(
            entry("\"dtype\":8"),
            "safetensors header must have a dtype, a string: file=FILE, offset=22, found='8'"),
        arguments(
            entry("\"shape\":2"),
            "safetensors header must have '[': file=FILE, offset=22, found='2'"),
        arguments(
            entry("\"shape\":[-1]"),
            "safetensors header must have an extent, an integer that is not negative:"
                + " file=FILE, offset=23, found='-'"),
        arguments(
            entry("\"shape\":[1,]"),
            "safetensors header must have an extent, an integer that is not negative:"
                + " file=FILE, offset=25, found=']'"),
        arguments(
            entry("\"shape\":[01]"),
            "safetensors header must have ',' or ']': file=FILE, offset=24, found='1'"),
        arguments(
            entry("\"shape\":[1.0]"),
            "safetensors header must have ',' or ']': file=FILE, offset=24, found='.'"),
        arguments(
            entry("\"shape\":[1e1]"),
            "safetensors header must have ',' or ']': file=FILE, offset=24, found='e'"),
        arguments(
            entry("\"shape\":[9223372036854775808]"),
            "safetensors integer must fit a long: file=FILE, offset=23"),
        arguments(
            entry("\"shape\":[" + "9".repeat(5000) + "]"),
            "safetensors integer must fit a long: file=FILE, offset=23"),
        arguments(
            entry("\"data_offsets\":[\"0\"]"),
            "safetensors header must have an offset, an integer that is not negative:"
                + " file=FILE, offset=30, found='\"'"),
        arguments(
            entry("\"shape\":[" + "[".repeat(100_000)),
            "safetensors header must have an extent, an integer that is not negative:"
                + " file=FILE, offset=23, found='['"),
        arguments(
            tensor("U8", "2", "0"),
            "safetensors data_offsets must be a begin and an end not before it:"
                + " file=FILE, tensor=\"a\", data_offsets=[0]"),
        arguments(
            tensor("U8", "2", "1,2,3,4,5,6,7,8,9,10"),
            "safetensors data_offsets must be a begin and an end not before it:"
                + " file=FILE, tensor=\"a\", data_offsets=[1, 2, 3, 4, 5, 6, 7, 8, ... 10 in all]"),
        arguments(
            tensor("U8", "2", "2,0"),
            "safetensors data_offsets must be a begin and an end not before it:"
                + " file=FILE, tensor=\"a\", data_offsets=[2, 0]"),
        arguments(
            tensor("F32", "2", "0,2"),
            "safetensors data_offsets must span the bytes of the tensor:"
                + " file=FILE, tensor=\"a\", dtype=F32, shape=[2], bytes=8, data_offsets=[0, 2]"),
        arguments(
            tensor("U8", "1", "0,2"),
            "safetensors data_offsets must span the bytes of the tensor:"
                + " file=FILE, tensor=\"a\", dtype=U8, shape=[1], bytes=1, data_offsets=[0, 2]"),
        arguments(
            tensor("F4", "3", "0,2"),
            "safetensors tensor bytes must be a whole number that fits a long:"
                + " file=FILE, tensor=\"a\", dtype=F4, shape=[3]"),
        arguments(
            tensor("U8", "4294967296,4294967296", "0,0"),
            "safetensors tensor bytes must be a whole number that fits a long:"
                + " file=FILE, tensor=\"a\", dtype=U8, shape=[4294967296, 4294967296]"),
        arguments(
            tensor("F32", "4611686018427387904", "0,0"),
            "safetensors tensor bytes must be a whole number that fits a long:"
                + " file=FILE, tensor=\"a\", dtype=F32, shape=[4611686018427387904]"),
        arguments(
            tensor("U8", "1", "1,2"),
            "safetensors tensor must begin where the one before it ends:"
                + " file=FILE, tensor=\"a\", begin=1, end before=0"),
        arguments(
            "{\"b\":" + ENTRY + ",\"a\":" + ENTRY + "}",
            "safetensors tensor must begin where the one before it ends:"
                + " file=FILE, tensor=\"b\", begin=0, end before=2"),
        arguments(
            tensor("U8", "1", "0,1"),
            "safetensors data must end where the file ends: file=FILE, end=1, data=2"),
        arguments(
            tensor("U8", "3", "0,3"),
            "safetensors data must end where the file ends: file=FILE, end=3, data=2"),
        arguments("{}", "safetensors data must end where the file ends: file=FILE, end=0, data=2"));
  }

  private static String entry(String members) {
    return "{\"a\":{" + members + "}}";
  }

  private static String tensor(String dtype, String shape, String offsets) {
    return entry(
        "\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%s]".formatted(dtype, shape, offsets));
  }

  @ParameterizedTest
  @MethodSource("headers")
  void open_header(String header, String message) throws IOException {
    assertRefused(SafetensorsFiles.bytes(header, 2), message);
  }

  /**
   * The smallest change to the headers above that is right, so that each is wrong for its reason.
   */
  @Test
  void open_headerThatIsRight() throws IOException {
    Path file = SafetensorsFiles.write(folder, SafetensorsFiles.bytes(tensor("U8", "2", "0,2"), 2));
    try (Arena arena = Arena.ofConfined()) {
      assertThat(Safetensors.open(file, arena).tensor("a")).hasToString("U8[2]");
    }
  }

  @Test
  void open_shorterThanItsLength() throws IOException {
    assertRefused(new byte[0], "safetensors file must have at least 8 bytes: file=FILE, bytes=0");
    assertRefused(new byte[7], "safetensors file must have at least 8 bytes: file=FILE, bytes=7");
  }

  @Test
  void open_headerLongerThanAllowed() throws IOException {
    assertRefused(
        SafetensorsFiles.length(100_000_001),
        "safetensors header must have at most 100000000 bytes: file=FILE, header=100000001");
    assertRefused(
        SafetensorsFiles.length(-1),
        "safetensors header must have at most 100000000 bytes:"
            + " file=FILE, header=18446744073709551615");
  }

  @Test
  void open_headerOutsideTheFile() throws IOException {
    assertRefused(
        SafetensorsFiles.length(100_000_000),
        "safetensors header must be inside the file: file=FILE, header=100000000, bytes=8");
    assertRefused(
        Arrays.copyOf(SafetensorsFiles.length(3), 10),
        "safetensors header must be inside the file: file=FILE, header=3, bytes=10");
  }

  @Test
  void open_badUtf8() throws IOException {
    for (String hex : new String[] {"ff", "c080", "eda080", "f4908080", "e282", "80"}) {
      byte[] bad = HexFormat.of().parseHex(hex);
      byte[] header = ("{\"x" + "?".repeat(bad.length) + "\":").getBytes(StandardCharsets.UTF_8);
      System.arraycopy(bad, 0, header, 3, bad.length);

      assertRefused(
          SafetensorsFiles.bytes(header, 0),
          "safetensors header must be valid UTF-8: file=FILE, offset=11");
    }
  }

  @Test
  void open_folder() {
    assertThatThrownBy(() -> Safetensors.open(folder, Arena.global()))
        .isInstanceOf(SafetensorsFormatException.class)
        .hasMessage("safetensors file must be a regular file: file=" + folder);
  }

  @Test
  void open_missing() {
    Path file = folder.resolve("missing");

    assertThatThrownBy(() -> Safetensors.open(file, Arena.global()))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessage(file.toString());
  }

  private void assertRefused(byte[] bytes, String message) throws IOException {
    Path file = SafetensorsFiles.write(folder, bytes);
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> Safetensors.open(file, arena))
          .isExactlyInstanceOf(SafetensorsFormatException.class)
          .hasMessage(message.replace("FILE", file.toString()));
    }
  }
}
