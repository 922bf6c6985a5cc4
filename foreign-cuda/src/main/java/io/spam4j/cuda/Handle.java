package io.spam4j.cuda;

import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.NativeFunction;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Something of a device that must be given back once. */
final class Handle {
  private final DeviceContext context;
  private final String kind;
  private final MemorySegment pointer;
  private final @Nullable NativeFunction release; // null if it belongs to somebody else
  private final Runnable before;
  private boolean closed;

  /**
   * Takes what a call has just handed out.
   *
   * @param kind as messages call it, such as {@code stream}
   * @param release the function that takes the pointer back
   * @param before what must be done first
   */
  Handle(
      DeviceContext context,
      String kind,
      MemorySegment pointer,
      @Nullable NativeFunction release,
      Runnable before) {
    this.context = context;
    this.kind = kind;
    this.pointer = pointer;
    this.release = release;
    this.before = before;
    context.opened(this);
  }

  Handle(DeviceContext context, String kind, MemorySegment pointer, NativeFunction release) {
    this(context, kind, pointer, release, () -> {});
  }

  /** Takes what belongs to somebody else, who keeps it longer. */
  static Handle foreign(DeviceContext context, String kind, MemorySegment pointer) {
    return new Handle(context, kind, pointer, null, () -> {});
  }

  DeviceContext context() {
    return context;
  }

  /**
   * What CUDA knows it by.
   *
   * @throws IllegalStateException if it is closed
   */
  MemorySegment pointer() {
    if (closed) {
      throw new IllegalStateException(
          "the " + kind + " must not be closed: device=" + context.ordinal());
    }
    return pointer;
  }

  boolean isClosed() {
    return closed;
  }

  /**
   * Gives it back; does nothing the second time. What belonged to a device that is lost died with
   * it.
   *
   * @throws CudaException if CUDA says so; often the failure of an earlier kernel
   */
  void close() {
    context.checkOwner();
    if (closed) {
      return;
    }
    CloseFailures failures = new CloseFailures();
    try {
      before.run(); // whatever else it throws refuses the closing
    } catch (CudaException e) {
      failures.add(e);
    }
    closed = true;
    context.released(this);
    NativeFunction giveBack = release;
    if (giveBack != null && !context.isLost()) {
      failures.run(context::enter);
      failures.run(() -> context.check(giveBack, giveBack.call(pointer)));
    }
    failures.throwFirst();
  }
}
