package io.spam4j.cuda.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every function that is bound, in the libcudart that is installed: it is there, and called where
 * it finds no driver.
 */
final class InstalledRuntimeTest {
  /** Answered by the runtime alone. */
  private static final Set<String> ANSWERED =
      Set.of("cudaRuntimeGetVersion", "cudaDriverGetVersion");

  private static List<NativeFunction> functions(Cudart cudart) throws IllegalAccessException {
    List<NativeFunction> functions = new ArrayList<>();
    for (Field field : Cudart.class.getDeclaredFields()) {
      if (field.get(cudart) instanceof NativeFunction function) {
        functions.add(function);
      }
    }
    return functions;
  }

  @Test
  void installedRuntime_hasEveryFunction() throws IllegalAccessException, CudaUnavailableException {
    InstalledCudart.assumeInstalled();
    Cudart cudart = InstalledCudart.load().cudart();
    List<String> names = functions(cudart).stream().map(NativeFunction::name).toList();

    assertThat(names).hasSizeGreaterThan(40).doesNotHaveDuplicates();
    assertThat(names).allMatch(name -> cudart.symbols().find(name).isPresent());
  }

  @TestFactory
  Stream<DynamicTest> function_endsWithoutADriver()
      throws IllegalAccessException, CudaUnavailableException {
    InstalledCudart.assumeInstalled();
    InstalledCudart.assumeNoDriver();
    List<NativeFunction> functions = functions(InstalledCudart.load().cudart());
    return functions.stream()
        .map(function -> DynamicTest.dynamicTest(function.name(), () -> call(function)));
  }

  private static void call(NativeFunction function) {
    try (Arena arena = Arena.ofConfined()) {
      Object[] arguments =
          function.type().argumentLayouts().stream()
              .map(layout -> harmless(layout, arena))
              .toArray();
      if (function.name().equals("cudaGetErrorName")) {
        assertThat(function.callForText(arguments)).isEqualTo("cudaSuccess");
        return;
      }
      int expected =
          ANSWERED.contains(function.name())
              ? CudaStatus.SUCCESS.code()
              : CudaStatus.INSUFFICIENT_DRIVER.code();
      assertThat(function.call(arguments)).isEqualTo(expected);
    }
  }

  /** Zeros, and pointers to many of them. */
  private static Object harmless(MemoryLayout layout, Arena arena) {
    if (layout instanceof StructLayout) {
      return arena.allocate(layout);
    }
    if (layout.equals(ValueLayout.JAVA_INT)) {
      return 0;
    }
    return layout.equals(ValueLayout.JAVA_LONG)
        ? (Object) 0L
        : arena.allocate(RuntimeApi.DEVICE_PROPERTIES_AT_MOST, 4096);
  }
}
