package io.spam4j.engine.internal.memory;

import java.lang.foreign.Arena;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Something and the arena of its own that its memory lies in: both come and go together.
 *
 * @param <T> what it is
 */
public record Owned<T>(Arena arena, T value) implements AutoCloseable {
  /**
   * Makes something in a new arena, which is closed again if that fails.
   *
   * @throws OutOfMemoryError if there is no memory; nothing is held then
   */
  public static <T> Owned<T> in(Supplier<Arena> arenas, Function<Arena, T> maker) {
    Arena arena = arenas.get();
    try {
      return new Owned<>(arena, maker.apply(arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Frees it. */
  @Override
  public void close() {
    arena.close();
  }
}
