package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What downloads a package. */
@FunctionalInterface
interface PackageClient {
  /**
   * Downloads into a folder.
   *
   * @param command the program and its arguments
   * @throws IOException if that fails; the message is the reason alone
   */
  void download(List<String> command, Path folder) throws IOException;
}
