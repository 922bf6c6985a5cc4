package io.spam4j.examples.shell;

import java.io.IOException;
import java.nio.file.Path;

/** Files that are no files. */
public final class SpecialFiles {
  private SpecialFiles() {}

  /** A pipe that nobody writes to: opening it waits for ever. */
  public static Path pipe(Path folder) throws IOException, InterruptedException {
    Path pipe = folder.resolve("pipe");
    if (new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() != 0) {
      throw new IOException("mkfifo must work: path=" + pipe);
    }
    return pipe;
  }
}
