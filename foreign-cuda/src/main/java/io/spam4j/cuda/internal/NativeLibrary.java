package io.spam4j.cuda.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/**
 * A library of C functions that are bound one by one, each at its first call: an old library lacks
 * some, and is as good as a new one until they are needed.
 */
public abstract class NativeLibrary {
  protected static final MemoryLayout POINTER = ValueLayout.ADDRESS;
  protected static final MemoryLayout INT = ValueLayout.JAVA_INT;
  protected static final MemoryLayout LONG = ValueLayout.JAVA_LONG;

  private final String name;
  private final SymbolLookup symbols;

  /**
   * A library whose symbols can be looked up.
   *
   * @param name the path or soname it was loaded by
   */
  protected NativeLibrary(String name, SymbolLookup symbols) {
    this.name = name;
    this.symbols = symbols;
  }

  /** The path or soname it was loaded by. */
  public final String name() {
    return name;
  }

  public final SymbolLookup symbols() {
    return symbols;
  }

  /** A status as messages show it, as in {@code cudaErrorNoDevice(100)}. */
  public String statusText(int status) {
    CudaStatus known = CudaStatus.of(status);
    return (known != null ? known.symbol() : "unknown") + "(" + status + ")";
  }

  /** A function that returns an {@code int}, in CUDA a status. */
  protected final NativeFunction function(
      String function, String since, MemoryLayout... arguments) {
    return new NativeFunction(this, function, since, FunctionDescriptor.of(INT, arguments));
  }

  /** A function that returns a C string. */
  protected final NativeFunction text(String function, String since, MemoryLayout... arguments) {
    return new NativeFunction(this, function, since, FunctionDescriptor.of(POINTER, arguments));
  }
}
