package io.spam4j.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Copies, outside the heap, of pieces of weights and gradients that lie on it. Room for them is
 * made at the first step that needs it.
 */
final class HeapCopies implements AutoCloseable {
  /*
   * Where a loop meets both kinds of memory the compiler puts its vectors on the heap: without these
   * copies a step took 60 to 100 times as long and made 190 bytes of garbage a weight.
   */
  private final Setup setup;
  private @Nullable Room room;

  /** Loaders, and what their memory lies in. */
  private record Room(Arena arena, PieceLoader weights, PieceLoader gradients) {}

  HeapCopies(Setup setup) {
    this.setup = setup;
  }

  /**
   * Makes room if something that a step works on lies on the heap.
   *
   * @throws OutOfMemoryError if there is no memory; nothing is held then
   */
  void prepare(Step step) {
    for (int i = 0; i < step.tensors() && room == null; i++) {
      MemorySegment gradient = step.gradients[i];
      if (gradient != null && !(gradient.isNative() && isNative(i))) {
        room = makeRoom();
      }
    }
  }

  private boolean isNative(int tensor) {
    return setup.parameters().get(tensor).weights().memory().isNative();
  }

  private Room makeRoom() {
    Arena arena = setup.arenas().get();
    try {
      return new Room(arena, loader(arena), loader(arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private PieceLoader loader(Arena arena) {
    return setup.chain().loader(FusedRule.PIECE, arena, setup.threads());
  }

  /** Where a piece of memory has to be copied to before it is worked on; null if it need not be. */
  @Nullable PieceLoader ofWeights(MemorySegment memory) {
    return memory.isNative() || room == null ? null : room.weights();
  }

  /** The same for a gradient. */
  @Nullable PieceLoader ofGradient(MemorySegment memory) {
    return memory.isNative() || room == null ? null : room.gradients();
  }

  /** The bytes it allocated. */
  long bytes() {
    return room == null ? 0 : 2 * PieceLoader.bytes(FusedRule.PIECE, setup.threads());
  }

  @Override
  public void close() {
    if (room != null) {
      room.arena().close();
      room = null;
    }
  }
}
