package io.spam4j.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/** The kernels that are shipped: src/main/cuda, compiled to PTX. */
final class Kernels {
  private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+(\\w+)");

  private Kernels() {}

  /** Their text. */
  static String ptx() {
    try (InputStream in = Kernels.class.getResourceAsStream("spam4j.ptx")) {
      if (in == null) {
        throw new IllegalStateException(
            "the jar must have its kernels, take a complete one: resource=spam4j.ptx");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The names of the kernels of a text, in its order. */
  static List<String> names(String ptx) {
    return ENTRY.matcher(ptx).results().map(entry -> entry.group(1)).toList();
  }
}
