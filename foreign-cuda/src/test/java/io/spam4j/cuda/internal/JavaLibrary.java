package io.spam4j.cuda.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A native library whose functions are Java methods, and which counts what it is asked for. */
@SuppressWarnings("restricted") // The signatures are those of the methods below.
public final class JavaLibrary implements SymbolLookup {
  private final Map<String, MemorySegment> functions = new HashMap<>();
  private final List<String> lookups = new ArrayList<>();

  static int answer(int status, int value, MemorySegment out) {
    if (status == CudaStatus.SUCCESS.code()) {
      out.reinterpret(4).set(ValueLayout.JAVA_INT, 0, value);
    }
    return status;
  }

  static MemorySegment unnamed(int status) {
    return status == 12345
        ? Arena.global().allocateFrom("cudaErrorOfTheFuture")
        : MemorySegment.NULL;
  }

  /** Adds a function that returns a status, and writes an {@code int} if that is success. */
  public JavaLibrary with(String name, int status, int value) {
    MethodHandle method =
        MethodHandles.insertArguments(
            find(
                "answer",
                MethodType.methodType(int.class, int.class, int.class, MemorySegment.class)),
            0,
            status,
            value);
    return with(name, method, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
  }

  /** Adds {@code cudaGetErrorName}, which knows only 12345. */
  public JavaLibrary withErrorNames() {
    return with(
        "cudaGetErrorName",
        find("unnamed", MethodType.methodType(MemorySegment.class, int.class)),
        FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
  }

  private JavaLibrary with(String name, MethodHandle method, FunctionDescriptor type) {
    functions.put(name, Linker.nativeLinker().upcallStub(method, type, Arena.global()));
    return this;
  }

  private static MethodHandle find(String name, MethodType type) {
    try {
      return MethodHandles.lookup().findStatic(JavaLibrary.class, name, type);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(name, e);
    }
  }

  @Override
  public Optional<MemorySegment> find(String name) {
    lookups.add(name);
    return Optional.ofNullable(functions.get(name));
  }

  /** The names asked for so far. */
  List<String> lookups() {
    return lookups;
  }

  public Cudart cudart() {
    return new Cudart("lib", this);
  }
}
