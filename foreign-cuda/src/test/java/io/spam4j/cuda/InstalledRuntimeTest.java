package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.cuda.internal.CudaStatus;
import io.spam4j.cuda.internal.Cudart;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.RuntimeApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every function that is bound, called in the libcudart that is installed, where it finds no
 * driver.
 */
final class InstalledRuntimeTest {
  /** Answered by the runtime alone. */
  private static final Set<String> ANSWERED =
      Set.of("cudaRuntimeGetVersion", "cudaDriverGetVersion");

  @TestFactory
  Stream<DynamicTest> function_endsWithoutADriver() throws IllegalAccessException {
    assumeTrue(
        Files.exists(CudaDeviceTest.INSTALLED), CudaDeviceTest.INSTALLED + " is not installed");
    assumeFalse(CudaDeviceTest.hasDriver(), "this host has an NVIDIA driver");
    Cudart cudart = CudaDeviceTest.installed().cudart();
    List<NativeFunction> functions = new ArrayList<>();
    for (Field field : Cudart.class.getDeclaredFields()) {
      if (field.get(cudart) instanceof NativeFunction function) {
        functions.add(function);
      }
    }
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
