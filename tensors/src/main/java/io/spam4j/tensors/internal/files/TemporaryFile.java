package io.spam4j.tensors.internal.files;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A file of nobody else's beside the one that it is to replace. Its name, {@code
 * .spam4j-TARGET-PROCESS-RANDOM.tmp}, tells which one that is and which process writes it.
 *
 * <p>A writer holds a lock on its file until it is done. What a killed writer has left is removed
 * by the next writer of the same target: a regular file of another process, which it can lock. This
 * process's own files are never looked at, because to close a channel frees all locks that a
 * process has on a file. A writer whose new file is taken for one that was left, in the moment
 * before it is locked, sees that afterwards and begins another.
 */
final class TemporaryFile implements AutoCloseable {
  static final String PREFIX = ".spam4j-";
  static final String SUFFIX = ".tmp";

  private static final int NAME_BYTES = 16; // of a digest: a length that any file system takes
  private static final int ATTEMPTS = 100;

  /** The same for all class loaders of a process, and for no other process, also after a reboot. */
  private static final String PROCESS =
      (String)
          Objects.requireNonNull(
              System.getProperties()
                  .computeIfAbsent("spam4j.internal.process", _ -> UUID.randomUUID().toString()));

  private final Path file;
  private final FileChannel channel;
  private boolean moved;

  private TemporaryFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Creates an empty file, and removes what was left behind of the same target.
   *
   * @param rights of the target, which the file does not exceed; null for a new target
   */
  static TemporaryFile beside(Path target, Path folder, @Nullable FileRights rights)
      throws IOException {
    String prefix = prefix(target);
    removeAbandoned(folder, prefix);
    FileAttribute<?>[] attributes =
        rights == null ? new FileAttribute<?>[0] : rights.whileWritten();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Path file = folder.resolve(prefix + PROCESS + "-" + UUID.randomUUID() + SUFFIX);
      FileChannel channel =
          FileChannel.open(
              file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes);
      var created = new TemporaryFile(file, channel);
      if (created.isKept()) {
        return created;
      }
      created.close();
    }
    throw new IOException(
        "a temporary file must not be removed by others, save to another folder: folder=" + folder);
  }

  /** What the names of all files for a target begin with. */
  static String prefix(Path target) {
    String name = Objects.requireNonNull(target.getFileName()).toString();
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return PREFIX + HexFormat.of().formatHex(digest, 0, NAME_BYTES) + "-";
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** Removes what killed writers left; what cannot be looked at stays. */
  private static void removeAbandoned(Path folder, String prefix) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, prefix + "*" + SUFFIX)) {
      for (Path left : files) {
        if (!left.getFileName().toString().startsWith(prefix + PROCESS)) {
          removeIfAbandoned(left);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return; // creating the file tells what is wrong with the folder, if anything is
    }
  }

  private static void removeIfAbandoned(Path file) {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return; // to open a pipe would wait
    }
    // Opened to read too, even a pipe that has just taken the name does not wait.
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      if (channel.tryLock() != null) {
        Files.deleteIfExists(file); // while it is locked, so that its writer cannot begin
      }
    } catch (IOException | OverlappingFileLockException e) {
      return; // gone meanwhile, somebody else's, or on a file system without locks
    }
  }

  /** Whether this process has locked the file before another one has taken it for abandoned. */
  private boolean isKept() {
    try {
      FileLock lock = channel.tryLock();
      return lock != null && Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    } catch (OverlappingFileLockException e) {
      return false;
    } catch (IOException e) {
      return true; // a file system without locks: nobody takes it for abandoned
    }
  }

  Path path() {
    return file;
  }

  FileChannel channel() {
    return channel;
  }

  /** Says that the file has another name now. */
  void moved() {
    moved = true;
  }

  /** Removes the file unless it was moved. */
  @Override
  public void close() throws IOException {
    try (channel) {
      if (!moved) {
        Files.deleteIfExists(file);
      }
    }
  }
}
