package io.spam4j.cuda;

import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.CudaStatus;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.RuntimeApi;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A queue of work for a device. What is queued is done in order, while the host goes on; errors of
 * that work are told by a later call.
 */
public final class CudaStream implements AutoCloseable {
  private final CudaDevice device;
  private final DeviceContext context;
  private final Handle handle;
  private @Nullable Capture capture;

  private CudaStream(CudaDevice device, Handle handle) {
    this.device = device;
    this.context = handle.context();
    this.handle = handle;
  }

  static CudaStream create(CudaDevice device) {
    DeviceContext context = device.context();
    context.enter();
    NativeFunction create = context.cudart().streamCreate;
    int flags = RuntimeApi.STREAM_NON_BLOCKING;
    return new CudaStream(
        device,
        new Handle(
            context,
            "stream",
            context.outPointer(create, out -> create.call(out, flags), "flags", flags),
            context.cudart().streamDestroy));
  }

  static CudaStream of(CudaDevice device, long address) {
    device.context().enter();
    return new CudaStream(
        device, Handle.foreign(device.context(), "stream", MemorySegment.ofAddress(address)));
  }

  /** The device that does the work. */
  public CudaDevice device() {
    return device;
  }

  Handle handle() {
    return handle;
  }

  DeviceContext context() {
    return context;
  }

  /** Begins a group of calls for an object that must be of the same device as this stream. */
  void enter(DeviceContext other) {
    if (other != context) {
      throw new IllegalArgumentException(
          "a stream must be used with objects of the device it came from: stream="
              + context.ordinal()
              + ", object="
              + other.ordinal());
    }
    context.enter();
  }

  /** What a graph that is being captured uses; null while work is queued at once. */
  @Nullable Capture capture() {
    return capture;
  }

  void setCapture(@Nullable Capture capture) {
    this.capture = capture;
  }

  /** Where a buffer is; a graph that is being captured remembers the buffer. */
  MemorySegment use(DeviceBuffer buffer) {
    if (capture != null) {
      capture.add(buffer);
    }
    return buffer.pointer();
  }

  /**
   * Queues a copy to the device. The pinned buffer may be closed at once, since closing waits, but
   * must not be written until {@link PinnedBuffer#await}.
   *
   * @param offset in the pinned buffer, in bytes
   * @param to is filled
   */
  public void upload(PinnedBuffer from, long offset, DeviceBuffer to) {
    enter(from.context());
    MemorySegment source = from.slice(offset, to.bytes());
    from.during(this, () -> copy(use(to), source, to.bytes(), RuntimeApi.MEMCPY_HOST_TO_DEVICE));
  }

  /**
   * Queues a copy to the host. The pinned buffer holds it after {@link PinnedBuffer#await}.
   *
   * @param from is copied as a whole
   * @param offset in the pinned buffer, in bytes
   */
  public void download(DeviceBuffer from, PinnedBuffer to, long offset) {
    enter(to.context());
    MemorySegment target = to.slice(offset, from.bytes());
    to.during(this, () -> copy(target, use(from), from.bytes(), RuntimeApi.MEMCPY_DEVICE_TO_HOST));
  }

  /**
   * Copies to the device and waits for it.
   *
   * @param from native, and as many bytes as {@code to}
   */
  public void upload(MemorySegment from, DeviceBuffer to) {
    context.enter();
    checkHost(from, to);
    copy(to.pointer(), from, to.bytes(), RuntimeApi.MEMCPY_HOST_TO_DEVICE);
    CloseFailures.insist(this::synchronize);
  }

  /**
   * Copies to the host and waits for it.
   *
   * @param to native, writable and as many bytes as {@code from}
   */
  public void download(DeviceBuffer from, MemorySegment to) {
    context.enter();
    checkHost(to, from);
    if (to.isReadOnly()) {
      throw new IllegalArgumentException("a download must go to writable memory: to=" + to);
    }
    copy(to, from.pointer(), from.bytes(), RuntimeApi.MEMCPY_DEVICE_TO_HOST);
    CloseFailures.insist(this::synchronize);
  }

  private void checkHost(MemorySegment host, DeviceBuffer device) {
    if (!host.isNative()) {
      throw new IllegalArgumentException(
          "a device copies native memory only: memory=" + host + "; copy it to a native segment");
    }
    if (host.byteSize() != device.bytes()) {
      throw new IllegalArgumentException(
          "both sides of a copy must be of one size: host="
              + host.byteSize()
              + ", device="
              + device.bytes());
    }
    if (capture != null) {
      throw new IllegalStateException(
          "a copy that waits cannot be captured: device="
              + context.ordinal()
              + "; use a pinned buffer");
    }
  }

  /** Queues a copy within the device, of two buffers of one size that do not overlap. */
  public void copy(DeviceBuffer from, DeviceBuffer to) {
    context.enter();
    if (from.bytes() != to.bytes()) {
      throw new IllegalArgumentException(
          "both sides of a copy must be of one size: from=" + from.bytes() + ", to=" + to.bytes());
    }
    copy(use(to), use(from), to.bytes(), RuntimeApi.MEMCPY_DEVICE_TO_DEVICE);
  }

  private void copy(MemorySegment to, MemorySegment from, long bytes, int kind) {
    NativeFunction memcpy = context.cudart().memcpyAsync;
    context.check(
        memcpy, memcpy.call(to, from, bytes, kind, handle.pointer()), "bytes", bytes, "kind", kind);
  }

  /** Queues setting each byte of a buffer. */
  public void fill(DeviceBuffer buffer, byte value) {
    context.enter();
    NativeFunction memset = context.cudart().memsetAsync;
    context.check(
        memset,
        memset.call(use(buffer), value & 0xFF, buffer.bytes(), handle.pointer()),
        "bytes",
        buffer.bytes());
  }

  /** Lets the work queued from now on wait for an event. */
  public void await(CudaEvent event) {
    enter(event.handle().context());
    NativeFunction wait = context.cudart().streamWaitEvent;
    context.check(wait, wait.call(handle.pointer(), event.handle().pointer(), 0));
  }

  /** Waits until all that was queued is done. */
  public void synchronize() {
    context.enter();
    NativeFunction synchronize = context.cudart().streamSynchronize;
    context.check(synchronize, synchronize.call(handle.pointer()));
  }

  /** Whether all that was queued is done. */
  public boolean isIdle() {
    context.enter();
    NativeFunction query = context.cudart().streamQuery;
    int status = query.call(handle.pointer());
    if (status == CudaStatus.NOT_READY.code()) {
      return false;
    }
    context.check(query, status);
    return true;
  }

  /**
   * Gives the stream back if it was created here; what was queued is still done. Harmless if closed
   * already.
   */
  @Override
  public void close() {
    handle.close();
  }
}
