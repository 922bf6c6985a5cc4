package io.spam4j.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Shared arenas that count the bytes asked of them, and run out of memory when told to. */
public final class CountingArenas implements Supplier<Arena> {
  private final List<Counting> open = new ArrayList<>();
  private long callsLeft;
  private long mostBytes;

  /** Arenas that do not fail. */
  public CountingArenas() {
    recover();
  }

  /**
   * Lets the n-th call from now fail, and all after it; opening an arena is a call, and so is
   * allocating.
   */
  public void failFrom(long n) {
    callsLeft = n - 1;
  }

  /** Lets no call fail any more. */
  public final void recover() {
    callsLeft = Long.MAX_VALUE;
  }

  /** The bytes asked of all arenas that are open; what alignment costs is not in it. */
  public long bytes() {
    return open.stream().mapToLong(arena -> arena.bytes).sum();
  }

  /** The most that {@link #bytes} was since the last call of this. */
  public long takeMostBytes() {
    long most = mostBytes;
    mostBytes = bytes();
    return most;
  }

  /** How many arenas are open. */
  public int open() {
    return open.size();
  }

  @Override
  public Arena get() {
    count();
    var arena = new Counting();
    open.add(arena);
    return arena;
  }

  private void count() {
    if (callsLeft == 0) {
      throw new OutOfMemoryError("as the test wants it");
    }
    callsLeft--;
  }

  private final class Counting implements Arena {
    private final Arena arena = Arena.ofShared();
    private long bytes;

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
      count();
      bytes += byteSize;
      mostBytes = Math.max(mostBytes, CountingArenas.this.bytes());
      return arena.allocate(byteSize, byteAlignment);
    }

    @Override
    public MemorySegment.Scope scope() {
      return arena.scope();
    }

    @Override
    public void close() {
      arena.close();
      open.remove(this);
    }
  }
}
