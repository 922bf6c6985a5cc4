package io.spam4j.examples.shell;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a folder for one run of a command at a time: of two, one would delete or replace what is
 * the other's. The operating system lets go of the lock of a process that was killed; its file can
 * stay, and does no harm.
 */
public final class OutputLock implements AutoCloseable {
  /** Locked far behind the file's end: where locks forbid reading, what is in it can be read. */
  private static final long PLACE = Long.MAX_VALUE - 1;

  private final Path file;
  private final FileChannel channel;

  private OutputLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Locks a folder, which is made if it is not there.
   *
   * @param command which has a lock of its own, such as {@code demo}
   * @throws IOException if another run of the command has it, or it cannot be made or locked
   */
  public static OutputLock of(Path folder, String command) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve("spam4j-" + command + ".lock");
    while (true) {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      boolean mine = false;
      try {
        if (tryLock(channel) == null) {
          throw new IOException(
              "another %s writes to this folder, wait or give this one another --output: output=%s"
                  .formatted(command, folder));
        }
        mine = isThere(file, channel);
      } finally {
        if (!mine) {
          channel.close();
        }
      }
      if (mine) {
        return new OutputLock(file, channel);
      }
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock(PLACE, 1, /* shared= */ false);
    } catch (OverlappingFileLockException ofThisProcess) {
      return null;
    }
  }

  /** Whether the file that is locked is still the one of its name: its last owner deletes it. */
  private static boolean isThere(Path file, FileChannel channel) throws IOException {
    byte[] token = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
    channel.write(ByteBuffer.wrap(token), 0);
    try {
      return Arrays.equals(Files.readAllBytes(file), token);
    } catch (NoSuchFileException deleted) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      Files.deleteIfExists(file);
    }
  }
}
