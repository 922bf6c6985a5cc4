package io.spam4j.tensors;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A second opinion on what a valid file is: the format as a regular language, then as sums of big
 * integers. It shares no code with the reader, and is slow.
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

  private record Span(BigInteger begin, BigInteger end) {}

  private static String list(String open, String element, String close) {
    return open + "(?:" + SPACE + "|" + element + "(?:," + element + ")*+)" + close;
  }

  private static String ungrouped(String regex) {
    return regex.replaceAll("(?<!\\\\)\\((?!\\?)", "(?:");
  }

  static boolean accepts(byte[] file) {
    if (file.length < 8) {
      return false;
    }
    long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > 100_000_000 || length > file.length - 8) {
      return false;
    }
    String header;
    try {
      header =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(file, 8, (int) length))
              .toString();
    } catch (CharacterCodingException e) {
      return false;
    }
    return HEADER.matcher(header).matches() && accepts(header, file.length - 8 - length);
  }

  private static boolean accepts(String header, long dataBytes) {
    Set<String> names = new HashSet<>();
    List<Span> spans = new ArrayList<>();
    for (MatchResult member : MEMBERS.matcher(header.substring(1)).results().toList()) {
      String name = plain(member.group(1));
      Set<String> keys = new HashSet<>();
      List<MatchResult> fields = FIELDS.matcher(member.group(2).substring(1)).results().toList();
      boolean distinct = fields.stream().allMatch(field -> keys.add(plain(field.group(1))));
      if (!distinct || !names.add(name) || !isUnicode(name)) {
        return false;
      }
      if (name.equals("__metadata__")) {
        if (!fields.stream().allMatch(SafetensorsOracle::isStringPair)) {
          return false;
        }
      } else if (!keys.equals(Set.of("dtype", "shape", "data_offsets"))
          || !addSpan(fields, spans)) {
        return false;
      }
    }
    spans.sort(Comparator.comparing(Span::begin).thenComparing(Span::end));
    BigInteger end = BigInteger.ZERO;
    for (Span span : spans) {
      if (!span.begin.equals(end)) {
        return false;
      }
      end = span.end;
    }
    return end.equals(BigInteger.valueOf(dataBytes));
  }

  private static boolean isStringPair(MatchResult field) {
    return field.group(2).startsWith("\"")
        && isUnicode(plain(field.group(1)))
        && isUnicode(plain(field.group(2)));
  }

  private static boolean addSpan(List<MatchResult> fields, List<Span> spans) {
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
    String name = dtype;
    BigInteger largest = BigInteger.valueOf(Long.MAX_VALUE);
    if (Arrays.stream(DType.values()).noneMatch(known -> known.name().equals(name))
        || offsets.size() != 2
        || shape.stream().anyMatch(extent -> extent.compareTo(largest) > 0)) {
      return false;
    }
    BigInteger bits = BigInteger.valueOf(DType.valueOf(name).bits());
    for (BigInteger extent : shape) {
      bits = bits.multiply(extent);
    }
    Span span = new Span(offsets.get(0), offsets.get(1));
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
