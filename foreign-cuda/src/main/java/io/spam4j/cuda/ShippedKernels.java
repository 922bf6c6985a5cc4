package io.spam4j.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The kernels that are shipped: src/main/cuda, compiled to PTX. */
final class ShippedKernels {
  private ShippedKernels() {}

  /** Their text. */
  static String ptx() {
    try (InputStream in = ShippedKernels.class.getResourceAsStream("spam4j.ptx")) {
      if (in == null) {
        throw new IllegalStateException(
            "the jar must have its kernels, take a complete one: resource=spam4j.ptx");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
