package io.spam4j.cuda;

import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.CudaStatus;
import io.spam4j.cuda.internal.Cudart;
import io.spam4j.cuda.internal.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What all objects of an open device share: the thread that owns them, the checks of every call,
 * what is still open, and whether the device is lost.
 *
 * <p>The current device of CUDA belongs to the thread of the operating system, so that one platform
 * thread opens, uses and closes everything. Other code on the thread may make another device
 * current; {@link #enter} makes this one so again.
 */
final class DeviceContext {
  private static final int KEPT_LAUNCHES = 4;

  private final CudaLibrary library;
  private final int ordinal;
  private final Supplier<String> kernels;
  private final Thread owner = Thread.currentThread();
  private final MemorySegment out = Arena.ofAuto().allocate(16, 8);
  private final Set<Handle> open = new LinkedHashSet<>();
  private final List<String> launches = new ArrayList<>();
  private final boolean debug = Boolean.getBoolean("spam4j.cuda.debug");

  private @Nullable CudaException lost;
  private boolean closed;

  DeviceContext(CudaLibrary library, int ordinal, Supplier<String> kernels) {
    this.library = library;
    this.ordinal = ordinal;
    this.kernels = kernels;
    if (owner.isVirtual()) {
      throw new IllegalStateException(
          "a device must be opened by a platform thread: thread=" + owner);
    }
  }

  CudaLibrary library() {
    return library;
  }

  Cudart cudart() {
    return library.cudart();
  }

  int ordinal() {
    return ordinal;
  }

  /** The text of the kernels that optimizers run. */
  String kernels() {
    return kernels.get();
  }

  /**
   * Whether each launch is waited for, so that its own error is found ({@code spam4j.cuda.debug}).
   */
  boolean debug() {
    return debug;
  }

  boolean isClosed() {
    return closed;
  }

  /**
   * Begins a group of calls: all that could be wrong beforehand is refused here.
   *
   * @throws WrongThreadException if another thread opened the device
   * @throws IllegalStateException if the device is closed
   * @throws CudaException if the device is lost
   */
  void enter() {
    checkOwner();
    if (closed) {
      throw new IllegalStateException("the device must not be closed: device=" + ordinal);
    }
    if (lost != null) {
      throw new CudaException(ordinal, lost);
    }
    Cudart cudart = cudart();
    int current = outInt(cudart.getDevice);
    if (current != ordinal) {
      check(cudart.setDevice, cudart.setDevice.call(ordinal), "device", ordinal);
    }
  }

  void checkOwner() {
    if (!Thread.currentThread().equals(owner)) {
      throw new WrongThreadException(
          "a device must be used by the thread that opened it: device="
              + ordinal
              + ", owner="
              + owner.getName()
              + ", thread="
              + Thread.currentThread().getName());
    }
  }

  /**
   * Checks what a call returned.
   *
   * @param values names and values by turns, of the arguments that matter
   * @throws CudaException if it failed
   */
  void check(NativeFunction function, int status, Object... values) {
    if (status != CudaStatus.SUCCESS.code()) {
      throw failure(function, status, values);
    }
  }

  /** The exception for a call that failed; a sticky status marks the device as lost. */
  CudaException failure(NativeFunction function, int status, Object... values) {
    boolean sticky = CudaStatus.isSticky(status);
    StringBuilder text = new StringBuilder(function.name()).append(" failed: ");
    for (int i = 0; i < values.length; i += 2) {
      text.append(values[i]).append('=').append(values[i + 1]).append(", ");
    }
    if (sticky) {
      text.append("last kernels=").append(launches).append(", ");
    }
    text.append("status=").append(function.library().statusText(status));
    String hint = CudaStatus.hint(status);
    if (hint != null) {
      text.append("; ").append(hint);
    }
    CudaException failure = new CudaException(function.name(), status, sticky, text.toString());
    if (!sticky) {
      cudart().getLastError.call(); // forgets it, so that other users of CUDA do not find it
    } else if (lost == null) {
      lost = failure;
    }
    return failure;
  }

  /** Calls a function that writes a handle or an address first, and returns that. */
  MemorySegment outPointer(NativeFunction function, CallWithOut call, Object... values) {
    out.set(ValueLayout.ADDRESS, 0, MemorySegment.NULL);
    check(function, call.apply(out), values);
    return out.get(ValueLayout.ADDRESS, 0);
  }

  /** Calls a function that writes an {@code int}, and returns that. */
  int outInt(NativeFunction function) {
    check(function, function.call(out));
    return out.get(ValueLayout.JAVA_INT, 0);
  }

  /** Sixteen bytes for what a call writes, until the next call. */
  MemorySegment out() {
    return out;
  }

  /** Remembers a launch: an error of a kernel is told by a later call. */
  void launched(String kernel) {
    if (launches.size() == KEPT_LAUNCHES) {
      launches.removeFirst();
    }
    launches.add(kernel);
  }

  boolean isLost() {
    return lost != null;
  }

  void opened(Handle handle) {
    open.add(handle);
  }

  void released(Handle handle) {
    open.remove(handle);
  }

  /** How much is still open. */
  int openCount() {
    return open.size();
  }

  /** Waits for the device and gives back what is still open, the youngest first. */
  void close() {
    checkOwner();
    if (closed) {
      return;
    }
    CloseFailures failures = new CloseFailures();
    if (!isLost()) {
      failures.run(
          () -> {
            enter();
            check(cudart().deviceSynchronize, cudart().deviceSynchronize.call());
          });
    }
    for (Handle handle : List.copyOf(open).reversed()) {
      failures.run(handle::close);
    }
    closed = open.isEmpty(); // memory that another thread uses stays open
    failures.throwFirst();
  }

  /** A call that is given where to write. */
  @FunctionalInterface
  interface CallWithOut {
    int apply(MemorySegment out);
  }
}
