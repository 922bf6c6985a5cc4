package io.spam4j.cuda;

import io.spam4j.cuda.internal.CudaStatus;
import io.spam4j.cuda.internal.NativeFunction;
import java.lang.foreign.ValueLayout;

/** A mark in the work of a stream, which other streams and the host can wait for. */
public final class CudaEvent implements AutoCloseable {
  private final DeviceContext context;
  private final Handle handle;

  private CudaEvent(Handle handle) {
    this.context = handle.context();
    this.handle = handle;
  }

  static CudaEvent create(DeviceContext context, int flags) {
    context.enter();
    NativeFunction create = context.cudart().eventCreate;
    return new CudaEvent(
        new Handle(
            context,
            "event",
            context.outPointer(create, out -> create.call(out, flags), "flags", flags),
            context.cudart().eventDestroy));
  }

  Handle handle() {
    return handle;
  }

  /** Marks what the stream was given up to now; an earlier mark is forgotten. */
  public void record(CudaStream stream) {
    stream.enter(context);
    NativeFunction record = context.cudart().eventRecord;
    context.check(record, record.call(handle.pointer(), stream.handle().pointer()));
  }

  /** Waits until the work before the mark is done; returns at once if nothing was marked. */
  public void synchronize() {
    context.enter();
    NativeFunction synchronize = context.cudart().eventSynchronize;
    context.check(synchronize, synchronize.call(handle.pointer()));
  }

  /** Whether the work before the mark is done, or nothing was marked. */
  public boolean isComplete() {
    context.enter();
    NativeFunction query = context.cudart().eventQuery;
    int status = query.call(handle.pointer());
    if (status == CudaStatus.NOT_READY.code()) {
      return false;
    }
    context.check(query, status);
    return true;
  }

  /**
   * The milliseconds between two marks that are both complete, to about half a microsecond.
   *
   * @param start of the same device, as this one from {@link CudaDevice#timer}
   */
  public float millisecondsSince(CudaEvent start) {
    context.enter();
    NativeFunction elapsed = context.cudart().eventElapsedTime;
    context.check(elapsed, elapsed.call(context.out(), start.handle.pointer(), handle.pointer()));
    return context.out().get(ValueLayout.JAVA_FLOAT, 0);
  }

  /** Forgets the event; harmless if closed already. */
  @Override
  public void close() {
    handle.close();
  }
}
