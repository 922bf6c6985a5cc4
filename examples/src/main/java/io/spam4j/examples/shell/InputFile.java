package io.spam4j.examples.shell;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a command reads: files that are files. */
public final class InputFile {
  private InputFile() {}

  /**
   * Refuses what is not there and what opening could wait for, or never come to the end of: a pipe,
   * a device, a folder.
   *
   * @return the same file
   * @throws IOException if it is no regular file
   */
  public static Path require(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new IOException("file must exist: file=" + file);
    }
    if (!Files.isRegularFile(file)) {
      String found = Files.isDirectory(file) ? "folder" : "pipe or device";
      throw new IOException("file must be a regular file: file=" + file + ", is=" + found);
    }
    return file;
  }
}
