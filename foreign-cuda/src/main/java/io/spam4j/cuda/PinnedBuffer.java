package io.spam4j.cuda;

import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.RuntimeApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Memory of the host that stays where it is, so that the device copies from and to it by itself,
 * while the host goes on. Each such copy holds the buffer until it is done: {@link #close} waits
 * for that. Allocating takes milliseconds; keep the buffers.
 */
public final class PinnedBuffer implements AutoCloseable {
  private static final int PAGE = 4096;

  private final DeviceContext context;
  private final MemorySegment segment;
  private final Handle handle;

  /** The last copy of each stream, as an event behind it. */
  private final Map<CudaStream, CudaEvent> leases = new HashMap<>();

  /** The life of {@link #segment}, unless it was there before. */
  private final @Nullable Arena arena;

  private PinnedBuffer(
      DeviceContext context,
      MemorySegment segment,
      @Nullable Arena arena,
      MemorySegment pointer,
      NativeFunction release) {
    this.context = context;
    this.segment = segment;
    this.arena = arena;
    this.handle = new Handle(context, "pinned buffer", pointer, release, this::beforeRelease);
  }

  @SuppressWarnings("restricted") // cudaHostAlloc has just handed out that many bytes.
  static PinnedBuffer allocate(DeviceContext context, long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("a buffer must have at least one byte: bytes=" + bytes);
    }
    context.enter();
    NativeFunction allocate = context.cudart().hostAlloc;
    MemorySegment pointer =
        context.outPointer(
            allocate, out -> allocate.call(out, bytes, RuntimeApi.HOST_PORTABLE), "bytes", bytes);
    Arena arena = Arena.ofShared();
    MemorySegment segment = pointer.reinterpret(bytes, arena, null);
    return new PinnedBuffer(context, segment, arena, pointer, context.cudart().freeHost);
  }

  static PinnedBuffer pin(DeviceContext context, MemorySegment memory) {
    long bytes = memory.byteSize();
    if (!memory.isNative()
        || bytes == 0
        || (memory.address() | bytes) % PAGE != 0
        || memory.isReadOnly()) {
      throw new IllegalArgumentException(
          "pinned memory must be native, writable and whole pages of "
              + PAGE
              + " bytes: memory="
              + memory);
    }
    context.enter();
    NativeFunction register = context.cudart().hostRegister;
    context.check(register, register.call(memory, bytes, RuntimeApi.HOST_PORTABLE), "bytes", bytes);
    return new PinnedBuffer(context, memory, null, memory, context.cudart().hostUnregister);
  }

  DeviceContext context() {
    return context;
  }

  /**
   * The memory, for any thread. It must not be written while a copy from it is under way, nor read
   * while one to it is: see {@link #await}. After {@link #close} every access is refused.
   */
  public MemorySegment segment() {
    handle.pointer();
    return segment;
  }

  MemorySegment slice(long offset, long bytes) {
    return segment().asSlice(offset, bytes);
  }

  /** How much memory it is. */
  public long bytes() {
    return segment.byteSize();
  }

  /** Queues a copy, and holds this buffer until the copy is done. */
  void during(CudaStream stream, Runnable copy) {
    handle.pointer();
    Capture capture = stream.capture();
    if (capture != null) {
      capture.add(this);
      copy.run();
      return;
    }
    CudaEvent lease = leases.get(stream);
    if (lease == null) {
      lease = CudaEvent.create(context, RuntimeApi.EVENT_DISABLE_TIMING);
      leases.put(stream, lease);
    }
    copy.run();
    try {
      lease.record(stream);
    } catch (CudaException e) {
      CloseFailures.closeAfter(e, stream::synchronize); // nothing else tells the end of the copy
      throw e;
    }
  }

  /** Waits until every copy from and to this buffer is done. */
  public void await() {
    handle.pointer();
    context.enter();
    leases.values().forEach(CudaEvent::synchronize);
  }

  /** Whether every copy from and to this buffer is done. */
  public boolean isIdle() {
    handle.pointer();
    context.enter();
    return leases.values().stream().allMatch(CudaEvent::isComplete);
  }

  private void beforeRelease() {
    if (arena != null) {
      arena.close(); // refused while another thread reads or writes
    }
    leases.values().removeIf(lease -> lease.handle().isClosed()); // by the device, which waited
    CloseFailures failures = new CloseFailures();
    if (!context.isLost()) {
      failures.run(this::await);
    }
    for (CudaEvent lease : leases.values()) {
      failures.run(lease::close);
    }
    leases.clear();
    failures.throwFirst();
  }

  /**
   * Waits for the copies under way and frees the memory; harmless if closed already.
   *
   * @throws IllegalStateException if another thread uses the memory at this moment; it stays open
   */
  @Override
  public void close() {
    handle.close();
  }
}
