package io.spam4j.tensors.safetensors;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * A file that is to replace another in one step, in the same folder. It is locked while it is
 * written: one that nobody has locked was left behind by a process that was killed.
 */
final class TemporaryFile implements AutoCloseable {
  private final Path target;
  private final Path file;
  private final FileChannel channel;
  private boolean moved;

  /** Creates an empty file, and removes what was left behind of the same target. */
  TemporaryFile(Path target, Path folder) throws IOException {
    this.target = target;
    // A name of its own for each target, of a length that any file system takes.
    String prefix = ".safetensors-%08x-".formatted(target.getFileName().toString().hashCode());
    removeAbandoned(folder, prefix);
    file = folder.resolve(prefix + UUID.randomUUID() + ".tmp");
    channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    tryLock(channel);
  }

  private static void removeAbandoned(Path folder, String prefix) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, prefix + "*.tmp")) {
      for (Path left : files) {
        if (isAbandoned(left)) {
          Files.deleteIfExists(left);
        }
      }
    }
  }

  private static boolean isAbandoned(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      return tryLock(channel);
    } catch (IOException e) {
      return false; // gone meanwhile, or somebody else's
    }
  }

  /** Locks a file until its channel is closed; false if it is locked, or cannot be. */
  private static boolean tryLock(FileChannel channel) {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (IOException | OverlappingFileLockException e) {
      return false; // some file systems have no locks; this process may be writing it
    }
  }

  FileChannel channel() {
    return channel;
  }

  /** Puts the file in the place of the target. */
  void replace() throws IOException {
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    moved = true;
  }

  /** Removes the file unless it has replaced the target. */
  @Override
  public void close() throws IOException {
    try (channel) {
      if (!moved) {
        Files.deleteIfExists(file);
      }
    }
  }
}
