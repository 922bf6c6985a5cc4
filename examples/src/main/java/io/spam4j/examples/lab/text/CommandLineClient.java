package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The program that a command names, as a child process in the folder to download to. */
final class CommandLineClient implements PackageClient {
  static final Duration LONGEST = Duration.ofMinutes(10);

  private static final String LOG = "client.log";

  private final Duration longest;

  /**
   * @param longest what a download may take
   */
  CommandLineClient(Duration longest) {
    this.longest = longest;
  }

  @Override
  public void download(List<String> command, Path folder) throws IOException {
    Path log = folder.resolve(LOG); // a pipe that nobody empties would stop the child
    var builder = new ProcessBuilder(command);
    builder.directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    try {
      process.getOutputStream().close(); // nobody is there to answer a question
      if (!process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("not done after %d s".formatted(longest.toSeconds()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    if (process.exitValue() != 0) {
      throw new IOException(
          "exit status %d, %s".formatted(process.exitValue(), lastError(log).strip()));
    }
  }

  /** The last line that reads like an error, or the last line of all. */
  private static String lastError(Path log) throws IOException {
    String last = "no message";
    String lastError = "";
    for (String line :
        new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().toList()) {
      if (!line.isBlank()) {
        last = line;
        // apt-get writes "E: ..."; npm ends with the name of its log, after lines of "npm error".
        boolean isError = line.startsWith("E: ") || line.matches("npm (error|ERR!).*");
        if (isError && !line.contains("complete log")) {
          lastError = line;
        }
      }
    }
    return lastError.isEmpty() ? last : lastError;
  }
}
