package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of archives, and of the text that was in them. One process works in it at a time, others
 * wait. Both an archive and the text take their names when they are complete and checked, so what a
 * killed process leaves is a hidden folder, which the next one removes.
 */
final class TextCache {
  private static final String TEMPORARY = ".spam4j-";
  private static final int NAME_DIGITS = 16;
  private static final Object THIS_PROCESS = new Object(); // file locks are between processes

  private final Path folder;
  private final PackageClient client;
  private final Consumer<String> listener;

  TextCache(Path folder, PackageClient client, Consumer<String> listener) {
    this.folder = folder.toAbsolutePath();
    this.client = client;
    this.listener = listener;
  }

  /**
   * The folder with the text of all sources, fetched and taken apart if it is not there.
   *
   * @param sha256 of the text, as {@link #checksum} has it
   */
  Path text(List<Source> sources, String sha256) throws IOException {
    synchronized (THIS_PROCESS) {
      Files.createDirectories(folder);
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = channel.lock()) {
        return alone(sources, sha256);
      }
    }
  }

  private Path alone(List<Source> sources, String sha256) throws IOException {
    for (Source source : sources) {
      listener.accept(source.title());
    }
    Path text = folder.resolve("text-" + sha256.substring(0, NAME_DIGITS));
    if (!Files.isDirectory(text)) {
      removeAbandoned();
      for (Source source : sources) {
        provide(source);
      }
      extract(sources, text, sha256);
    } else if (!checksum(text).equals(sha256)) {
      throw new IOException(
          "cached text must be as it was extracted, remove the folder: folder=" + text);
    }
    return text;
  }

  private void removeAbandoned() throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, TEMPORARY + "*")) {
      for (Path each : left) {
        delete(each);
      }
    }
  }

  /** Makes sure that an archive is there, and the right one. */
  private void provide(Source source) throws IOException {
    Path archive = folder.resolve(source.file());
    if (Files.exists(archive)) {
      requireRight(source, archive);
      return;
    }
    listener.accept("fetching " + source.file());
    Path temporary = temporaryFolder();
    try {
      download(source, temporary);
      Path downloaded = temporary.resolve(source.file());
      requireRight(source, downloaded);
      Files.move(downloaded, archive, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(temporary);
    }
  }

  private void download(Source source, Path temporary) throws IOException {
    String reason = "no such file came";
    @Nullable IOException cause = null;
    try {
      client.download(source.command(), temporary);
      if (Files.isRegularFile(temporary.resolve(source.file()))) {
        return;
      }
    } catch (IOException e) {
      reason = String.valueOf(e.getMessage());
      cause = e;
    }
    String command = String.join(" ", source.command());
    throw failure("download failed", source, "command=" + command + ", reason=" + reason, cause);
  }

  private void requireRight(Source source, Path archive) throws IOException {
    String actual = digits(sha256().digest(Files.readAllBytes(archive)));
    if (!actual.equals(source.sha256())) {
      throw failure("wrong checksum", source, "actual=" + actual, null);
    }
  }

  private IOException failure(
      String what, Source source, String details, @Nullable IOException cause) {
    return new IOException(
        ("%s, put the file into the cache folder by hand or pass any text with --data PATH:"
                + " file=%s, sha256=%s, folder=%s, %s")
            .formatted(what, source.file(), source.sha256(), folder, details),
        cause);
  }

  private void extract(List<Source> sources, Path text, String sha256) throws IOException {
    listener.accept("extracting to " + text);
    Path temporary = temporaryFolder();
    try {
      for (Source source : sources) {
        source
            .reader()
            .read(
                folder.resolve(source.file()),
                new DocumentFolder(temporary.resolve(source.folder())));
      }
      String actual = checksum(temporary);
      if (!actual.equals(sha256)) {
        throw new IOException(
            "extracted text must be the known one: sha256=" + sha256 + ", actual=" + actual);
      }
      Files.move(temporary, text, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(temporary);
    }
  }

  private Path temporaryFolder() throws IOException {
    return Files.createDirectory(folder.resolve(TEMPORARY + UUID.randomUUID()));
  }

  /** Deletes a folder with what is in it, if it is there. */
  private static void delete(Path folder) throws IOException {
    if (Files.notExists(folder)) {
      return;
    }
    List<Path> paths;
    try (Stream<Path> walk = Files.walk(folder)) {
      paths = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : paths) {
      Files.delete(path);
    }
  }

  /**
   * The checksum of a text, that of {@code sha256sum *}{@code /*.txt | sha256sum} in the locale C.
   */
  static String checksum(Path text) throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(text)) {
      files = walk.filter(file -> file.toString().endsWith(".txt")).toList();
    }
    List<String> names =
        files.stream().map(file -> text.relativize(file).toString().replace('\\', '/')).toList();
    MessageDigest all = sha256();
    for (String name : names.stream().sorted().toList()) {
      String digits = digits(sha256().digest(Files.readAllBytes(text.resolve(name))));
      all.update((digits + "  " + name + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return digits(all.digest());
  }

  private static String digits(byte[] digest) {
    return HexFormat.of().formatHex(digest);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
