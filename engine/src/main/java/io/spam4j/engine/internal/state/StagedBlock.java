package io.spam4j.engine.internal.state;

import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/** A participant's buffers: the four streams as float32, and two of 16 bits an element. */
public record StagedBlock(
    MemorySegment weights,
    MemorySegment gradient,
    MemorySegment first,
    MemorySegment second,
    MemorySegment high,
    MemorySegment low) {
  /** The most elements that are worked on at a time: whole blocks of 8-bit codes. */
  public static final int BLOCK = IndexMask.BLOCK;

  /**
   * Bytes between buffers, an odd number of lines of the cache. Buffers that lie a multiple of 4096
   * bytes apart get in each other's way: steps on few bits took twice as long.
   */
  public static final long APART = 17 * 64;

  private static final long FLOATS = (long) BLOCK * Float.BYTES;
  private static final long HALVES = (long) BLOCK * Short.BYTES;

  public static StagedBlock in(Arena arena) {
    SegmentAllocator room = SegmentAllocator.slicingAllocator(arena.allocate(bytes(1), 64));
    return new StagedBlock(
        next(room, FLOATS),
        next(room, FLOATS),
        next(room, FLOATS),
        next(room, FLOATS),
        next(room, HALVES),
        next(room, HALVES));
  }

  private static MemorySegment next(SegmentAllocator room, long bytes) {
    return room.allocate(bytes + APART, 64).asSlice(0, bytes);
  }

  /** The bytes of room for so many participants. */
  public static long bytes(int threads) {
    return threads * (4 * FLOATS + 2 * HALVES + 6 * APART);
  }
}
