package io.spam4j.cuda.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** The structures against what a C compiler made of the headers of CUDA 13.0. */
class RuntimeApiTest {
  @Test
  void dim3() {
    assertThat(RuntimeApi.DIM3.byteSize()).isEqualTo(12);
    assertThat(RuntimeApi.DIM3.byteAlignment()).isEqualTo(4);

    MemorySegment dim3 = RuntimeApi.dim3(Arena.ofAuto(), 7);
    assertThat(dim3.toArray(ValueLayout.JAVA_INT)).containsExactly(7, 1, 1);
  }

  @Test
  void funcAttributes() {
    assertThat(RuntimeApi.FUNC_ATTRIBUTES.byteSize()).isEqualTo(144);
    assertThat(offset("localSizeBytes")).isEqualTo(16);
    assertThat(offset("maxThreadsPerBlock")).isEqualTo(24);
    assertThat(offset("numRegs")).isEqualTo(28);
    assertThat(offset("ptxVersion")).isEqualTo(32);
    assertThat(offset("binaryVersion")).isEqualTo(36);
  }

  private static long offset(String name) {
    return RuntimeApi.FUNC_ATTRIBUTES.byteOffset(PathElement.groupElement(name));
  }
}
