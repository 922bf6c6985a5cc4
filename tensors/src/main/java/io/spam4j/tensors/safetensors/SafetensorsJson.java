package io.spam4j.tensors.safetensors;

import io.spam4j.tensors.internal.json.JsonStrings;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A cursor over the JSON that a safetensors header may hold: objects, arrays, strings and integers
 * that are not negative. It reads the mapped bytes in place, knows no other values, and so needs
 * neither recursion nor memory beyond the strings it returns.
 */
final class SafetensorsJson {
  private static final int END = -1;
  private static final int QUOTED_NAME = 64;

  private final Path file;
  private final MemorySegment text;
  private final long origin;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private long at;

  /**
   * @param file named in messages
   * @param text the header
   * @param origin the offset of the header in the file, added to the offsets in messages
   */
  SafetensorsJson(Path file, MemorySegment text, long origin) {
    this.file = file;
    this.text = text;
    this.origin = origin;
  }

  /** Takes the brace that a header must start with; not even white space may come before it. */
  void takeStart() throws SafetensorsFormatException {
    if (peek() != '{') {
      throw unexpected("'{' first");
    }
    at++;
  }

  /** Takes {@code wanted}, after white space. */
  void take(char wanted) throws SafetensorsFormatException {
    if (!takes(wanted)) {
      throw unexpected("'" + wanted + "'");
    }
  }

  /** Takes {@code wanted}, after white space, if it is next. */
  boolean takes(char wanted) {
    skipSpace();
    if (peek() != wanted) {
      return false;
    }
    at++;
    return true;
  }

  /** Takes a comma (another element follows) or {@code close} (none does). */
  boolean takesComma(char close) throws SafetensorsFormatException {
    if (takes(',')) {
      return true;
    }
    if (takes(close)) {
      return false;
    }
    throw unexpected("',' or '" + close + "'");
  }

  /** Takes the padding, which must be all that is left. */
  void takePadding() throws SafetensorsFormatException {
    while (peek() == ' ') {
      at++;
    }
    if (peek() != END) {
      throw unexpected("only spaces after its object");
    }
  }

  /** Takes the key of a member and its colon. */
  String takeKey() throws SafetensorsFormatException {
    String key = takeString("a key");
    take(':');
    return key;
  }

  /** Takes digits, without sign, leading zeros, fraction or exponent. */
  long takeInteger(String what) throws SafetensorsFormatException {
    skipSpace();
    if (!isDigit(peek())) {
      throw unexpected(what + ", an integer that is not negative");
    }
    long start = at;
    long value = (long) peek() - '0';
    at++;
    if (value == 0) {
      return 0; // Whatever follows a leading zero is for the caller to refuse.
    }
    for (; isDigit(peek()); at++) {
      int digit = peek() - '0';
      if (value > (Long.MAX_VALUE - digit) / 10) {
        throw broken("safetensors integer must fit a long", "offset=" + (origin + start));
      }
      value = 10 * value + digit;
    }
    return value;
  }

  /** Takes a string; {@code what} names it in messages. */
  String takeString(String what) throws SafetensorsFormatException {
    skipSpace();
    if (peek() != '"') {
      throw unexpected(what + ", a string");
    }
    long start = ++at;
    boolean escaped = false;
    for (; peek() != '"'; at++) {
      if (peek() == '\\') {
        escaped = true;
        at++; // The escaped character may be a quote.
      }
      if (peek() == END) {
        throw unexpected("the closing '\"' of " + what);
      }
      if (peek() < ' ') {
        throw unexpected("control characters only escaped");
      }
    }
    CharBuffer decoded = decode(start, at);
    at++;
    return escaped ? unescape(decoded, start) : decoded.toString();
  }

  private CharBuffer decode(long start, long end) throws SafetensorsFormatException {
    ByteBuffer bytes = text.asSlice(start, end - start).asByteBuffer();
    CharBuffer chars = CharBuffer.allocate(bytes.remaining()); // UTF-8 has no more chars than bytes
    if (decoder.reset().decode(bytes, chars, true).isError()) {
      throw broken(
          "safetensors header must be valid UTF-8",
          "offset=" + (origin + start + bytes.position()));
    }
    return chars.flip();
  }

  private String unescape(CharBuffer raw, long start) throws SafetensorsFormatException {
    StringBuilder plain = new StringBuilder(raw.length());
    while (raw.hasRemaining()) {
      char c = raw.get();
      plain.append(c == '\\' ? escape(raw, start) : c);
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(plain)) {
      throw broken("safetensors strings must have no lone surrogate", "offset=" + (origin + start));
    }
    return plain.toString();
  }

  private char escape(CharBuffer raw, long start) throws SafetensorsFormatException {
    char letter = raw.get(); // There is one: the quote that ends the string was not escaped.
    return switch (letter) {
      case '"', '\\', '/' -> letter;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> codeUnit(raw, start);
      default -> throw badEscape(start);
    };
  }

  private char codeUnit(CharBuffer raw, long start) throws SafetensorsFormatException {
    int code = 0;
    for (int i = 0; i < 4; i++) {
      int digit = raw.hasRemaining() ? hexDigit(raw.get()) : -1;
      if (digit < 0) {
        throw badEscape(start);
      }
      code = code << 4 | digit;
    }
    return (char) code;
  }

  private SafetensorsFormatException badEscape(long start) {
    return broken(
        "safetensors strings must have only the escapes of JSON", "offset=" + (origin + start));
  }

  /** Not {@link Character#digit}, which knows more digits than ASCII's. */
  private static int hexDigit(char c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
      return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  private void skipSpace() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') {
      at++;
    }
  }

  /** The next byte, unsigned, or {@link #END}. */
  private int peek() {
    return at < text.byteSize() ? text.get(ValueLayout.JAVA_BYTE, at) & 0xFF : END;
  }

  /** What to throw when {@code wanted} is not next. */
  private SafetensorsFormatException unexpected(String wanted) {
    int next = peek();
    String found;
    if (next == END) {
      found = "the end";
    } else if (next >= ' ' && next < 0x7F) {
      found = "'" + (char) next + "'";
    } else {
      found = "0x%02x".formatted(next);
    }
    return broken(
        "safetensors header must have " + wanted, "offset=" + (origin + at) + ", found=" + found);
  }

  /** What to throw when {@code rule} is broken. */
  SafetensorsFormatException broken(String rule, String values) {
    return new SafetensorsFormatException(rule + ": file=" + file + ", " + values);
  }

  /** A name as messages show it: short, on one line, whatever a hostile file called it. */
  static String quoted(String name) {
    StringBuilder json = new StringBuilder();
    boolean isLong = name.length() > QUOTED_NAME;
    JsonStrings.append(json, isLong ? name.substring(0, QUOTED_NAME) + "..." : name);
    return json.toString();
  }
}
