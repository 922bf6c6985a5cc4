package io.spam4j.examples.output;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A Chromium without a window, with a profile of its own and without its talk to the network. */
public record Browser(Path program) {
  private static final long LONGEST_SECONDS = 90;

  /** The first Chromium or Chrome on the path. */
  public static Optional<Browser> find() {
    List<Path> folders =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .map(Path::of)
            .toList();
    return Stream.of("chromium", "chromium-browser", "google-chrome")
        .flatMap(name -> folders.stream().map(folder -> folder.resolve(name)))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Browser::new);
  }

  /** The document after its scripts ran, as HTML. */
  public String dom(Path page, Path scratch) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(
        List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--user-data-dir=" + Files.createDirectory(scratch.resolve("profile")),
            "--window-size=1200,2400",
            "--virtual-time-budget=10000",
            "--dump-dom",
            page.toUri().toString()));
    Path dom = scratch.resolve("dom.html");
    Path log = scratch.resolve("browser.log");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(dom.toFile())
            .redirectError(log.toFile())
            .start();
    process.getOutputStream().close();
    if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
      throw new IOException("the browser must end: seconds=" + LONGEST_SECONDS);
    }
    if (process.exitValue() != 0) {
      throw new IOException(
          "the browser failed: status=%d%n%s"
              .formatted(process.exitValue(), Files.readString(log, StandardCharsets.ISO_8859_1)));
    }
    return Files.readString(dom);
  }
}
