package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;

/** The folder that the documents of one source are written to. */
final class DocumentFolder {
  private static final Pattern NAME = Pattern.compile("[0-9A-Za-z][0-9A-Za-z-]{0,63}");

  private final Path folder;

  /** Makes it. */
  DocumentFolder(Path folder) throws IOException {
    this.folder = Files.createDirectory(folder);
  }

  /**
   * Writes a document, in UTF-8.
   *
   * @param name without {@code .txt}
   * @throws IOException if the name can be another place's or is taken, if the text has a zero byte
   *     (which ends documents where they are joined), or if it cannot be written
   */
  void write(String name, String text) throws IOException {
    if (!NAME.matcher(name).matches()) {
      throw new IOException("a document's name must be letters, digits and dashes: name=" + name);
    }
    if (text.indexOf('\0') >= 0) {
      throw new IOException("a document must have no zero byte: name=" + name);
    }
    Files.write(
        folder.resolve(name + ".txt"),
        text.getBytes(StandardCharsets.UTF_8),
        StandardOpenOption.CREATE_NEW);
  }
}
