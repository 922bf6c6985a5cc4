package io.spam4j.tensors.safetensors;

import io.spam4j.tensors.DType;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A second opinion on what a valid file is, and holds: the format as a regular language, then as
 * sums of big integers. It shares no code with the reader, and is slow.
 */
final class SafetensorsOracle {
  private static final String SPACE = "[ \\t\\n\\r]*+";
  private static final String STRING =
      "\"(?:[^\"\\\\\\x00-\\x1f]++|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4})*+\"";
  private static final String INTEGERS = list("\\[", SPACE + "(?:0|[1-9][0-9]*+)" + SPACE, "\\]");
  private static final String FIELD =
      SPACE + "(" + STRING + ")" + SPACE + ":" + SPACE + "(" + STRING + "|" + INTEGERS + ")"
          + SPACE;
  private static final String OBJECT = list("\\{", ungrouped(FIELD), "\\}");
  private static final String MEMBER =
      SPACE + "(" + STRING + ")" + SPACE + ":" + SPACE + "(" + OBJECT + ")" + SPACE;
  private static final Pattern HEADER =
      Pattern.compile(list("\\{", ungrouped(MEMBER), "\\}") + " *+");
  private static final Pattern MEMBERS = Pattern.compile(MEMBER);
  private static final Pattern FIELDS = Pattern.compile(FIELD);

  private SafetensorsOracle() {}

  /**
   * What a valid file holds.
   *
   * @param spans in the order of their data, empty ones by name
   * @param metadata in the order of the file
   */
  record Contents(List<Span> spans, Map<String, String> metadata) {}

  /** A tensor, its element type and shape as in {@code F32[3, 4]}, its bytes [begin, end). */
  record Span(String name, String type, BigInteger begin, BigInteger end) {}

  private static String list(String open, String element, String close) {
    return open + "(?:" + SPACE + "|" + element + "(?:," + element + ")*+)" + close;
  }

  private static String ungrouped(String regex) {
    return regex.replaceAll("(?<!\\\\)\\((?!\\?)", "(?:");
  }

  /** Nothing if the file breaks the format. */
  static Optional<Contents> read(byte[] file) {
    if (file.length < 8) {
      return Optional.empty();
    }
    long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > 100_000_000 || length > file.length - 8) {
      return Optional.empty();
    }
    return read(Arrays.copyOfRange(file, 8, (int) (8 + length)), file.length - 8 - length);
  }

  /** As {@link #read(byte[])}, for a file of which only the header is at hand. */
  static Optional<Contents> read(byte[] header, long dataBytes) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header)).toString();
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
    return HEADER.matcher(text).matches() ? read(text, dataBytes) : Optional.empty();
  }

  private static Optional<Contents> read(String header, long dataBytes) {
    Set<String> names = new HashSet<>();
    List<Span> spans = new ArrayList<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    for (MatchResult member : MEMBERS.matcher(header.substring(1)).results().toList()) {
      String name = plain(member.group(1));
      Set<String> keys = new HashSet<>();
      List<MatchResult> fields = FIELDS.matcher(member.group(2).substring(1)).results().toList();
      boolean distinct = fields.stream().allMatch(field -> keys.add(plain(field.group(1))));
      if (!distinct || !names.add(name) || !isUnicode(name)) {
        return Optional.empty();
      }
      if (name.equals("__metadata__")) {
        if (!fields.stream().allMatch(SafetensorsOracle::isStringPair)) {
          return Optional.empty();
        }
        fields.forEach(field -> metadata.put(plain(field.group(1)), plain(field.group(2))));
      } else if (!keys.equals(Set.of("dtype", "shape", "data_offsets"))
          || !addSpan(name, fields, spans)) {
        return Optional.empty();
      }
    }
    spans.sort(
        Comparator.comparing(Span::begin).thenComparing(Span::end).thenComparing(Span::name));
    BigInteger end = BigInteger.ZERO;
    for (Span span : spans) {
      if (!span.begin.equals(end)) {
        return Optional.empty();
      }
      end = span.end;
    }
    return end.equals(BigInteger.valueOf(dataBytes))
        ? Optional.of(new Contents(spans, metadata))
        : Optional.empty();
  }

  private static boolean isStringPair(MatchResult field) {
    return field.group(2).startsWith("\"")
        && isUnicode(plain(field.group(1)))
        && isUnicode(plain(field.group(2)));
  }

  private static boolean addSpan(String name, List<MatchResult> fields, List<Span> spans) {
    String dtype = "";
    List<BigInteger> shape = List.of();
    List<BigInteger> offsets = List.of();
    for (MatchResult field : fields) {
      String key = plain(field.group(1));
      String value = field.group(2);
      if (value.startsWith("\"") != key.equals("dtype")) {
        return false;
      }
      switch (key) {
        case "dtype" -> dtype = plain(value);
        case "shape" -> shape = integers(value);
        default -> offsets = integers(value);
      }
    }
    String type = dtype;
    BigInteger largest = BigInteger.valueOf(Long.MAX_VALUE);
    if (Arrays.stream(DType.values()).noneMatch(known -> known.name().equals(type))
        || offsets.size() != 2
        || shape.stream().anyMatch(extent -> extent.compareTo(largest) > 0)) {
      return false;
    }
    BigInteger bits = BigInteger.valueOf(DType.valueOf(type).bits());
    for (BigInteger extent : shape) {
      bits = bits.multiply(extent);
    }
    Span span = new Span(name, type + shape, offsets.get(0), offsets.get(1));
    spans.add(span);
    return span.end.subtract(span.begin).shiftLeft(3).equals(bits);
  }

  private static List<BigInteger> integers(String list) {
    return Pattern.compile("[0-9]+")
        .matcher(list)
        .results()
        .map(m -> new BigInteger(m.group()))
        .toList();
  }

  private static String plain(String quoted) {
    String text = quoted.substring(1, quoted.length() - 1);
    Matcher escapes = Pattern.compile("\\\\(u....|.)").matcher(text);
    return escapes.replaceAll(
        match -> {
          String escape = match.group(1);
          char c =
              escape.length() == 5
                  ? (char) Integer.parseInt(escape.substring(1), 16)
                  : "\"\\/\b\f\n\r\t".charAt("\"\\/bfnrt".indexOf(escape));
          return Matcher.quoteReplacement(String.valueOf(c));
        });
  }

  private static boolean isUnicode(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }
}
