package io.spam4j.cuda;

import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.DynamicLinker;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The functions of {@code cudart/control.hpp}, by which the stand-in is set and asked. */
final class StandInFunctions extends NativeLibrary {
  /* int standin_eager(int eager) */
  final NativeFunction eager = function("standin_eager", "stand-in", INT);
  /* int standin_races(int find) */
  final NativeFunction races = function("standin_races", "stand-in", INT);
  /* int standin_runtime(int version) */
  final NativeFunction runtime = function("standin_runtime", "stand-in", INT);
  /* int standin_reset(void) */
  final NativeFunction reset = function("standin_reset", "stand-in");

  /* const char* standin_failed(void) */
  final NativeFunction failed = text("standin_failed", "stand-in");

  StandInFunctions(CudaLibrary library) {
    super(library.name(), library.cudart().symbols());
  }

  /** Lets the n-th call from now on fail with this status. */
  void fail(long n, int status) {
    /* void standin_fail_with(int status) */
    call("standin_fail_with", FunctionDescriptor.ofVoid(INT), status);
    /* void standin_fail_at(uint64_t n) */
    call("standin_fail_at", FunctionDescriptor.ofVoid(LONG), n);
  }

  /* uint64_t name(void) */
  /** What a function without arguments says. */
  long number(String name) {
    return (long) Objects.requireNonNull(call(name, FunctionDescriptor.of(LONG)));
  }

  @SuppressWarnings("restricted") // the signatures stand beside the functions
  private @Nullable Object call(String name, FunctionDescriptor type, Object... arguments) {
    try {
      return Linker.nativeLinker()
          .downcallHandle(symbols().findOrThrow(name), type)
          .invokeWithArguments(arguments);
    } catch (Throwable t) { // invokeWithArguments declares it; it is thrown on as it is
      throw DynamicLinker.rethrown(t);
    }
  }
}
