package io.spam4j.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import org.junit.jupiter.api.Test;

/** The stand-in for libcudart as Java calls it: a kernel from PTX text to its result. */
@SuppressWarnings("restricted") // the calls under test are native
class StandInCallsTest {
  private static final StructLayout DIM3 =
      MemoryLayout.structLayout(
          JAVA_INT.withName("x"), JAVA_INT.withName("y"), JAVA_INT.withName("z"));

  private static final String PTX =
      """
      .version 6.3
      .target sm_60
      .address_size 64
      .visible .entry number(.param .u64 out)
      {
        .reg .b32 %r<4>; .reg .b64 %rd<4>;
        ld.param.u64 %rd1, [out];
        mov.u32 %r1, %ctaid.x;
        mov.u32 %r2, %ntid.x;
        mov.u32 %r0, %tid.x;
        mad.lo.s32 %r3, %r1, %r2, %r0;
        mul.wide.u32 %rd2, %r3, 4;
        add.s64 %rd3, %rd1, %rd2;
        st.global.u32 [%rd3], %r3;
        ret;
      }
      """;

  private final Linker linker = Linker.nativeLinker();

  private int call(SymbolLookup library, String name, FunctionDescriptor type, Object... arguments)
      throws Throwable {
    return (int)
        linker.downcallHandle(library.findOrThrow(name), type).invokeWithArguments(arguments);
  }

  private static FunctionDescriptor status(MemoryLayout... arguments) {
    return FunctionDescriptor.of(JAVA_INT, arguments);
  }

  private static MemorySegment dim3(Arena arena, int x) {
    return arena.allocateFrom(JAVA_INT, x, 1, 1);
  }

  @Test
  void kernel_numbersItsThreads() throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup cudart = SymbolLookup.libraryLookup(NativeBuild.cudart(), arena);
      MemorySegment library = arena.allocate(ADDRESS);
      MemorySegment kernel = arena.allocate(ADDRESS);
      MemorySegment device = arena.allocate(ADDRESS);
      MemorySegment arguments = arena.allocateFrom(ADDRESS, device);
      MemorySegment none = MemorySegment.NULL;
      FunctionDescriptor load =
          status(ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
      FunctionDescriptor launch = status(ADDRESS, DIM3, DIM3, ADDRESS, JAVA_LONG, ADDRESS);
      FunctionDescriptor copy = status(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS);
      MemorySegment result = arena.allocate(JAVA_INT, 12);

      assertThat(
              call(
                  cudart,
                  "cudaLibraryLoadData",
                  load,
                  library,
                  arena.allocateFrom(PTX),
                  none,
                  none,
                  0,
                  none,
                  none,
                  0))
          .isZero();
      MemorySegment loaded = library.get(ADDRESS, 0);
      assertThat(
              call(
                  cudart,
                  "cudaLibraryGetKernel",
                  status(ADDRESS, ADDRESS, ADDRESS),
                  kernel,
                  loaded,
                  arena.allocateFrom("number")))
          .isZero();
      assertThat(call(cudart, "cudaMalloc", status(ADDRESS, JAVA_LONG), device, 48L)).isZero();
      MemorySegment memory = device.get(ADDRESS, 0);
      assertThat(
              call(
                  cudart,
                  "cudaLaunchKernel",
                  launch,
                  kernel.get(ADDRESS, 0),
                  dim3(arena, 3),
                  dim3(arena, 4),
                  arguments,
                  0L,
                  none))
          .isZero();
      assertThat(call(cudart, "cudaMemcpyAsync", copy, result, memory, 48L, 2, none)).isZero();
      assertThat(call(cudart, "cudaDeviceSynchronize", status())).isZero();
      assertThat(call(cudart, "cudaFree", status(ADDRESS), memory)).isZero();
      assertThat(call(cudart, "cudaLibraryUnload", status(ADDRESS), loaded)).isZero();

      assertThat(result.toArray(JAVA_INT)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    }
  }
}
