package io.spam4j.cuda.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The dynamic linker of the C library. {@link SymbolLookup#libraryLookup} would do, were it to say
 * why a library cannot be loaded.
 */
public record DynamicLinker(
    /* void *dlopen(const char *file, int mode) */
    MethodHandle dlopen,
    /* void *dlsym(void *handle, const char *name) */
    MethodHandle dlsym,
    /* char *dlerror(void) */
    MethodHandle dlerror) {
  private static final int RTLD_LAZY = 1;

  /** A library's symbols, or why there are none. */
  public sealed interface Result {
    record Opened(SymbolLookup symbols) implements Result {}

    record Failed(String reason) implements Result {}
  }

  /**
   * Binds the process's own linker.
   *
   * @throws IllegalCallerException if this module has no native access
   * @throws UnsupportedOperationException if the JVM cannot call C on this platform
   */
  @SuppressWarnings("restricted") // Three functions of the C library, with the signatures above.
  public static DynamicLinker ofThisProcess() {
    Linker linker = Linker.nativeLinker();
    SymbolLookup symbols = linker.defaultLookup();
    return new DynamicLinker(
        linker.downcallHandle(
            symbols.findOrThrow("dlopen"),
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT)),
        linker.downcallHandle(
            symbols.findOrThrow("dlsym"),
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS)),
        linker.downcallHandle(
            symbols.findOrThrow("dlerror"), FunctionDescriptor.of(ValueLayout.ADDRESS)));
  }

  /** Loads a library, by path or by soname; it stays loaded as long as the process. */
  public Result open(String library) {
    MemorySegment handle;
    MemorySegment error;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(library);
      handle = (MemorySegment) dlopen.invokeExact(name, RTLD_LAZY);
      error = (MemorySegment) dlerror.invokeExact();
    } catch (Throwable t) { // invokeExact declares it; it is thrown on as it is
      throw rethrown(t);
    }
    return handle.equals(MemorySegment.NULL)
        ? new Result.Failed(string(error))
        : new Result.Opened(symbol -> find(handle, symbol));
  }

  private Optional<MemorySegment> find(MemorySegment handle, String symbol) {
    MemorySegment address;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(symbol);
      address = (MemorySegment) dlsym.invokeExact(handle, name);
    } catch (Throwable t) { // invokeExact declares it; it is thrown on as it is
      throw rethrown(t);
    }
    return address.equals(MemorySegment.NULL) ? Optional.empty() : Optional.of(address);
  }

  /** Copies a C string; {@code "(none)"} for a null pointer. */
  @SuppressWarnings("restricted") // The C library and CUDA end their messages with a zero.
  static String string(MemorySegment pointer) {
    return pointer.equals(MemorySegment.NULL)
        ? "(none)"
        : pointer.reinterpret(Long.MAX_VALUE).getString(0);
  }

  /** What a handle threw, as it is: C throws nothing, so this is the JVM's or our own mistake. */
  public static AssertionError rethrown(Throwable t) {
    if (t instanceof RuntimeException e) {
      throw e;
    }
    if (t instanceof Error e) {
      throw e;
    }
    return new AssertionError("a call of C cannot throw a checked exception", t);
  }
}
