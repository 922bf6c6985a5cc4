package io.spam4j.examples.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Files that are there as a whole or not at all, whenever the process or the machine stops. */
final class WholeFile {
  /** What a kill can leave behind ends so. */
  static final String TEMPORARY = ".tmp";

  private WholeFile() {}

  /** Writes a file, or replaces one, in one step: temporary file, to disk, renamed. */
  static void write(Path file, byte[] bytes) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + TEMPORARY);
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    forceFolder(file);
  }

  /** Makes the rename survive a crash, where a folder can be opened: not on Windows. */
  private static void forceFolder(Path file) throws IOException {
    FileChannel folder;
    try {
      folder = FileChannel.open(file.toAbsolutePath().resolveSibling("."), StandardOpenOption.READ);
    } catch (IOException cannotBeOpened) {
      return;
    }
    try (folder) {
      folder.force(true);
    }
  }
}
