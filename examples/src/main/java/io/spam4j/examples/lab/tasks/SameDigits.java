package io.spam4j.examples.lab.tasks;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.Optional;

/**
 * Has libtorch and OpenBLAS use the instructions that every x86-64 processor of the last ten years
 * has, AVX2 and FMA, whatever this one has: by default each picks its loops by the processor, and
 * loops of other widths add in another order. They read environment variables when they are loaded,
 * so these are set in this process before.
 */
final class SameDigits {
  private static final Map<String, String> VARIABLES =
      Map.of(
          "ATEN_CPU_CAPABILITY", "avx2",
          "OPENBLAS_CORETYPE", "Haswell",
          "ONEDNN_MAX_CPU_ISA", "AVX2");

  private SameDigits() {}

  /** Sets them; does nothing where the C library has no {@code setenv}: on Windows. */
  @SuppressWarnings("restricted") // calls the C library
  static void beforeLibtorch() {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> setenv = linker.defaultLookup().find("setenv");
    if (setenv.isEmpty()) {
      return;
    }
    MethodHandle set =
        linker.downcallHandle(
            setenv.get(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      for (var variable : VARIABLES.entrySet()) {
        MemorySegment name = arena.allocateFrom(variable.getKey());
        MemorySegment value = arena.allocateFrom(variable.getValue());
        int failed = (int) set.invokeExact(name, value, /* replaces= */ 1);
        if (failed != 0) {
          throw new IllegalStateException(
              "environment must take a variable: name=" + variable.getKey());
        }
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) { // what a call of C cannot throw
      throw new AssertionError(e);
    }
  }
}
