package io.spam4j.engine.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Where all memory of an optimizer outside the heap comes from: one arena for what stays as long as
 * it does, and others for what comes and goes. The bytes that are asked of them are counted by what
 * they are for; what alignment costs is not.
 */
public final class CountedArenas implements AutoCloseable {
  /** What memory is for. */
  public enum Use {
    /** State tensors, such as both moments. */
    MOMENTS,

    /** Which weights have moments. */
    INDEX,

    /** All else: what a step works with, and gaps between state tensors. */
    SCRATCH
  }

  private final Supplier<Arena> source;
  private final Arena lasting;
  private final Map<Use, AtomicLong> bytes = new EnumMap<>(Use.class);
  private final Set<MemorySegment.Scope> scopes = ConcurrentHashMap.newKeySet(); // that are open

  /**
   * Opens the arena for what stays.
   *
   * @param source makes all arenas
   * @throws OutOfMemoryError if there is no memory for one
   */
  public CountedArenas(Supplier<Arena> source) {
    this.source = source;
    for (Use use : Use.values()) {
      bytes.put(use, new AtomicLong());
    }
    lasting = source.get();
    addScope(lasting);
  }

  private void addScope(Arena arena) {
    if (!arena.scope().equals(Arena.global().scope())) { // where others allocate too
      boolean _ = scopes.add(arena.scope());
    }
  }

  /** Whether memory of this scope is from here. */
  public boolean owns(MemorySegment.Scope scope) {
    return scopes.contains(scope);
  }

  /** The arena for what stays until {@link #close}, which alone closes it. */
  public Arena lasting(Use use) {
    return new Lasting(use);
  }

  /** Makes arenas for what comes and goes; whoever asks for one closes it. */
  public Supplier<Arena> arenas(Use use) {
    return () -> new Passing(source.get(), use);
  }

  /** The bytes in arenas that are open. */
  public long bytes(Use use) {
    return counter(use).get();
  }

  /** Counts some bytes to another use than that which they were asked for. */
  public void move(long count, Use from, Use to) {
    add(from, -count);
    add(to, count);
  }

  private AtomicLong counter(Use use) {
    return Objects.requireNonNull(bytes.get(use));
  }

  private void add(Use use, long count) {
    long _ = counter(use).addAndGet(count);
  }

  @Override
  public void close() {
    lasting.close();
  }

  private final class Lasting implements Arena {
    private final Use use;

    Lasting(Use use) {
      this.use = use;
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
      MemorySegment memory = lasting.allocate(byteSize, byteAlignment);
      add(use, byteSize);
      return memory;
    }

    @Override
    public MemorySegment.Scope scope() {
      return lasting.scope();
    }

    @Override
    public void close() {
      throw new UnsupportedOperationException("what stays is closed with all of it");
    }
  }

  private final class Passing implements Arena {
    private final Arena arena;
    private final Use use;
    private final AtomicLong own = new AtomicLong();

    Passing(Arena arena, Use use) {
      this.arena = arena;
      this.use = use;
      addScope(arena);
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
      MemorySegment memory = arena.allocate(byteSize, byteAlignment);
      long _ = own.addAndGet(byteSize);
      add(use, byteSize);
      return memory;
    }

    @Override
    public MemorySegment.Scope scope() {
      return arena.scope();
    }

    @Override
    public void close() {
      arena.close(); // closed only once: a second call throws here
      boolean _ = scopes.remove(arena.scope());
      add(use, -own.get());
    }
  }
}
