package io.spam4j.tensors.internal.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A file that is written as a whole or not at all, whenever the process or the machine stops: its
 * bytes go to a {@link TemporaryFile} beside it first, which then takes its name. It keeps the
 * mode, owner and group, and the access control list where Java sees one, of the file that it
 * replaces, as far as this process may give them; a new one has those that any new file has. A
 * symbolic link is replaced, not followed; the rights are those of the file that it leads to.
 */
public final class WholeFile implements AutoCloseable {
  private final Path target;
  private final Path folder;
  private final @Nullable FileRights old; // null for a new file
  private final TemporaryFile temporary;

  private WholeFile(Path target, Path folder) throws IOException {
    this.target = target;
    this.folder = folder;
    old = FileRights.of(target);
    temporary = TemporaryFile.beside(target, folder, old);
  }

  /**
   * Begins to write a file, or to replace one.
   *
   * @throws IOException if it cannot be, or something is there that is no file, such as a folder, a
   *     pipe or a device; nothing has changed then
   */
  public static WholeFile replacing(Path target) throws IOException {
    Path folder = target.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException("a file must be in a folder: file=" + target);
    }
    requireReplaceable(target);
    return new WholeFile(target, folder);
  }

  /** Writes a text in UTF-8, or replaces one. */
  public static void write(Path target, String text) throws IOException {
    write(target, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a file, or replaces one. */
  public static void write(Path target, byte[] bytes) throws IOException {
    try (WholeFile file = replacing(target)) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        file.channel().write(buffer);
      }
      file.commit();
    }
  }

  /** Whether a file is one that {@link #close} removes, and a kill can leave behind. */
  public static boolean isTemporary(Path file) {
    String name = file.getFileName().toString();
    return name.startsWith(TemporaryFile.PREFIX) && name.endsWith(TemporaryFile.SUFFIX);
  }

  /** A pipe or a device would be gone, and a folder cannot be replaced. */
  private static void requireReplaceable(Path target) throws IOException {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new IOException(
          "what is replaced must be a regular file, give another name: file=" + target);
    }
  }

  /** Where the bytes go; open until {@link #close}. */
  public FileChannel channel() {
    return temporary.channel();
  }

  /**
   * Puts what was written in the place of the target, on disk.
   *
   * @throws IOException if that fails; the old file is there then, unless only the last step
   *     failed, forcing the folder to disk
   */
  public void commit() throws IOException {
    requireReplaceable(target);
    FileRights now = FileRights.of(target);
    FileRights rights = now == null ? old : now;
    if (rights != null) {
      rights.giveTo(temporary.path());
    }
    temporary.channel().force(true);
    Files.move(temporary.path(), target, StandardCopyOption.ATOMIC_MOVE);
    temporary.moved();
    forceFolder();
  }

  /** Makes the rename itself survive a crash, where a folder can be opened: not on Windows. */
  private void forceFolder() throws IOException {
    FileChannel channel;
    try {
      channel = FileChannel.open(folder, StandardOpenOption.READ);
    } catch (IOException e) {
      return;
    }
    try (channel) {
      channel.force(true);
    }
  }

  /** Removes what was written, unless it has taken the place of the target. */
  @Override
  public void close() throws IOException {
    temporary.close();
  }
}
