package io.spam4j.tensors.safetensors;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files written by hand, right or wrong. */
final class SafetensorsFiles {
  private SafetensorsFiles() {}

  /** The header as given, with its true length, then {@code dataBytes} bytes 0, 1, 2, ... */
  static byte[] bytes(String header, int dataBytes) {
    return bytes(header.getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  static byte[] bytes(byte[] header, int dataBytes) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(length(header.length));
    bytes.writeBytes(header);
    for (int i = 0; i < dataBytes; i++) {
      bytes.write(i);
    }
    return bytes.toByteArray();
  }

  static byte[] length(long length) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
  }

  static Path write(Path folder, byte[] bytes) throws IOException {
    return Files.write(folder.resolve("test.safetensors"), bytes);
  }
}
