package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.device.DeviceTables;
import java.io.IOException;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rows that the engine writes and reads are those of the kernels' tables.h, and of its README.
 */
final class DeviceTablesTest {
  private static final Path SOURCES = Path.of("src", "main", "cuda");
  private static final Pattern MEMBER =
      Pattern.compile("^ +(float|double|u32|i64) (\\w+)(?:\\[(\\d+)])?;", Pattern.MULTILINE);
  private static final Pattern CONSTANT = Pattern.compile("constexpr u32 (\\w+) = (\\d+);");

  /** What of tables.h is about launches, not about rows. */
  private static final Set<String> OF_LAUNCHES =
      Set.of("THREADS", "TILE", "MEASURE_BLOCK", "LANES", "GROUP");

  static Stream<Arguments> rows() {
    return Stream.of(
        Arguments.of("Coefficients", DeviceTables.COEFFICIENTS_ROW, DeviceTables.COEFFICIENTS),
        Arguments.of("Link", DeviceTables.TRANSFORM_ROW, DeviceTables.TRANSFORM),
        Arguments.of("History", DeviceTables.HISTORY_ROW, DeviceTables.HISTORY),
        Arguments.of("Tally", DeviceTables.TALLY_ROW, DeviceTables.TALLY),
        Arguments.of("Slot", DeviceTables.STATISTICS_ROW, DeviceTables.STATISTICS));
  }

  private static String header() throws IOException {
    return Files.readString(SOURCES.resolve("tables.h"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rows")
  void row_hasTheMembersOfTheStruct(String struct, StructLayout row, long bytes)
      throws IOException {
    var body =
        Pattern.compile(
            "struct (?:alignas\\(\\d+\\) )?" + struct + " \\{(.*?)\n};", Pattern.DOTALL);
    String members = body.matcher(header()).results().findFirst().orElseThrow().group(1);
    List<String> expected = new ArrayList<>();
    long offset = 0;
    for (MatchResult member : MEMBER.matcher(members).results().toList()) {
      long size = member.group(1).matches("float|u32") ? 4 : 8;
      long count = member.group(3) == null ? 1 : Long.parseLong(member.group(3));
      offset = (offset + size - 1) / size * size; // no gap may come in between
      expected.add("%d %s %s %d".formatted(offset, member.group(1), member.group(2), count));
      offset += size * count;
    }
    List<String> actual = new ArrayList<>();
    for (MemoryLayout member : row.memberLayouts()) {
      String name = member.name().orElseThrow();
      long at = row.byteOffset(PathElement.groupElement(name));
      actual.add("%d %s %s %d".formatted(at, type(member), name, count(member)));
    }
    assertThat(actual).isEqualTo(expected).isNotEmpty();
    assertThat(bytes).isEqualTo(row.byteSize()).isEqualTo(offset);
  }

  private static long count(MemoryLayout member) {
    return member instanceof SequenceLayout sequence ? sequence.elementCount() : 1;
  }

  private static String type(MemoryLayout member) {
    return switch (member) {
      case SequenceLayout sequence -> type(sequence.elementLayout());
      case ValueLayout.OfFloat _ -> "float";
      case ValueLayout.OfDouble _ -> "double";
      case ValueLayout.OfInt _ -> "u32";
      case ValueLayout.OfLong _ -> "i64";
      default -> throw new AssertionError(member);
    };
  }

  /** The compiler of the kernels has checked these. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("rows")
  void row_hasTheOffsetsThatTheHeaderAsserts(String struct, StructLayout row, long bytes)
      throws IOException {
    String header = header();
    assertThat(header).contains("static_assert(sizeof(" + struct + ") == " + bytes + ",");
    var asserted = Pattern.compile("AT\\(" + struct + ", (\\w+), (\\d+)\\);");
    for (MatchResult offset : asserted.matcher(header).results().toList()) {
      assertThat(row.byteOffset(PathElement.groupElement(offset.group(1))))
          .as("%s.%s", struct, offset.group(1))
          .isEqualTo(Long.parseLong(offset.group(2)));
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rows")
  void row_isDescribedInTheReadme(String struct, StructLayout row, long bytes) throws IOException {
    String line =
        Files.readAllLines(SOURCES.resolve("README.md")).stream()
            .filter(text -> text.startsWith("| `" + struct + "` | " + bytes + " |"))
            .findFirst()
            .orElseThrow();
    for (MemoryLayout member : row.memberLayouts()) {
      String name = member.name().orElseThrow();
      long offset = row.byteOffset(PathElement.groupElement(name));
      assertThat(line).containsPattern("\\b" + offset + " " + name + "\\b");
    }
  }

  @Test
  void typesPlacesAndFlags_haveTheNumbersOfTheHeader() throws IOException {
    Map<String, Integer> expected = new TreeMap<>();
    for (MatchResult constant : CONSTANT.matcher(header()).results().toList()) {
      if (!OF_LAUNCHES.contains(constant.group(1))) {
        expected.put(constant.group(1), Integer.parseInt(constant.group(2)));
      }
    }
    Map<String, Integer> actual = new TreeMap<>();
    for (Field field : DeviceTables.class.getFields()) {
      if (Modifier.isStatic(field.getModifiers()) && field.getType() == int.class) {
        try {
          actual.put(field.getName(), field.getInt(null));
        } catch (IllegalAccessException e) {
          throw new AssertionError(field.getName(), e);
        }
      }
    }
    assertThat(actual).isEqualTo(expected).isNotEmpty();
  }
}
