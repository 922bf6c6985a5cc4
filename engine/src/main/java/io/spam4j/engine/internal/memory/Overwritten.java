package io.spam4j.engine.internal.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What memory held before it was overwritten, to bring it back if that breaks off. Of memory that
 * was all zero nothing is kept, so what is filled for the first time costs nothing here.
 */
public final class Overwritten implements AutoCloseable {
  private final Supplier<Arena> arenas;
  private final List<Kept> all = new ArrayList<>();
  private @Nullable Arena arena; // made when it is needed

  /**
   * Of a range of memory.
   *
   * @param copy null if it was all zero
   */
  private record Kept(MemorySegment memory, @Nullable MemorySegment copy) {}

  public Overwritten(Supplier<Arena> arenas) {
    this.arenas = arenas;
  }

  /**
   * Keeps what memory holds, before it is overwritten.
   *
   * @throws OutOfMemoryError if there is no memory for it; nothing has changed then
   */
  public void keep(MemorySegment memory) {
    if (isZero(memory)) {
      boolean _ = all.add(new Kept(memory, null));
      return;
    }
    if (arena == null) {
      arena = arenas.get();
    }
    MemorySegment copy = arena.allocate(memory.byteSize(), Long.BYTES);
    boolean _ = all.add(new Kept(memory, copy.copyFrom(memory)));
  }

  private static boolean isZero(MemorySegment memory) {
    long words = memory.byteSize() / Long.BYTES * Long.BYTES;
    for (long at = 0; at < words; at += Long.BYTES) {
      if (memory.get(JAVA_LONG_UNALIGNED, at) != 0) {
        return false;
      }
    }
    for (long at = words; at < memory.byteSize(); at++) {
      if (memory.get(JAVA_BYTE, at) != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Brings all of it back.
   *
   * @param cause why; what cannot be brought back, because its memory is gone, is told with it
   * @return whether all was brought back
   */
  public boolean bringBack(Throwable cause) {
    boolean isWhole = true;
    for (Kept kept : all) {
      try {
        if (kept.copy() == null) {
          kept.memory().fill((byte) 0);
        } else {
          kept.memory().copyFrom(kept.copy());
        }
      } catch (RuntimeException | Error gone) { // InternalError of a file that was shortened, too
        cause.addSuppressed(gone);
        isWhole = false;
      }
    }
    return isWhole;
  }

  /** Frees what was kept. */
  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    }
  }
}
