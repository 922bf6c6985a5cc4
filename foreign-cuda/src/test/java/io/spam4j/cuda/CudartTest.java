package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.CudaAvailability.Available;
import io.spam4j.cuda.CudaAvailability.Unavailable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.junit.jupiter.api.Test;

/** What each answer of the runtime means, with a runtime of Java methods. */
class CudartTest {
  static int answer(int status, int value, MemorySegment out) {
    if (status == Cudart.SUCCESS) {
      out.set(ValueLayout.JAVA_INT, 0, value);
    }
    return status;
  }

  static MemorySegment errorName(int status) {
    return switch (status) {
      case 35 -> Arena.global().allocateFrom("cudaErrorInsufficientDriver");
      case 100 -> Arena.global().allocateFrom("cudaErrorNoDevice");
      case 500 -> Arena.global().allocateFrom("cudaErrorSymbolNotFound");
      default -> MemorySegment.NULL;
    };
  }

  private static MethodHandle handle(String name, MethodType type, Object... bound) {
    try {
      MethodHandle method = MethodHandles.lookup().findStatic(CudartTest.class, name, type);
      return MethodHandles.insertArguments(method, 0, bound);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(name, e);
    }
  }

  private static MethodHandle answering(int status, int value) {
    return handle(
        "answer",
        MethodType.methodType(int.class, int.class, int.class, MemorySegment.class),
        status,
        value);
  }

  private static CudaAvailability probe(
      MethodHandle runtime, MethodHandle driver, MethodHandle devices) {
    MethodHandle names = handle("errorName", MethodType.methodType(MemorySegment.class, int.class));
    return CudaDevice.availability(
        new CudaLibrary("lib", new Cudart(runtime, driver, devices, names)));
  }

  @Test
  void availability_devices() {
    assertThat(probe(answering(0, 12040), answering(0, 13010), answering(0, 2)))
        .isEqualTo(new Available(2, 12040, 13010));
  }

  @Test
  void availability_noDriver() {
    assertThat(probe(answering(0, 11080), answering(0, 0), answering(35, 0)))
        .isEqualTo(
            new Unavailable(
                "the NVIDIA driver must be installed: library=lib, runtime=11.8, driver=0",
                "install the NVIDIA driver; in a container, pass the GPU in (--gpus all)"));
  }

  @Test
  void availability_oldDriver() {
    assertThat(probe(answering(0, 13000), answering(0, 12080), answering(35, 0)))
        .isEqualTo(
            new Unavailable(
                "the NVIDIA driver must not be older than the CUDA runtime: library=lib,"
                    + " runtime=13.0, driver=12.8, status=cudaErrorInsufficientDriver(35)",
                "update the NVIDIA driver, or set spam4j.cuda.library to the libcudart of an older"
                    + " CUDA"));
  }

  @Test
  void availability_noDevice() {
    String hint = "see whether nvidia-smi lists a GPU and CUDA_VISIBLE_DEVICES does not hide it";

    assertThat(probe(answering(0, 13000), answering(0, 13000), answering(100, 0)))
        .isEqualTo(
            new Unavailable(
                "a CUDA device must be visible: library=lib, runtime=13.0, driver=13.0,"
                    + " status=cudaErrorNoDevice(100)",
                hint));
    assertThat(probe(answering(0, 13000), answering(0, 13000), answering(0, 0)))
        .isEqualTo(
            new Unavailable(
                "a CUDA device must be visible: library=lib, runtime=13.0, driver=13.0, devices=0",
                hint));
  }

  @Test
  void availability_otherStatuses() {
    String hint = "see whether nvidia-smi shows the GPU and a driver error";

    assertThat(probe(answering(999, 0), answering(0, 0), answering(0, 0)))
        .isEqualTo(
            new Unavailable("cudaRuntimeGetVersion failed: library=lib, status=(none)(999)", hint));
    assertThat(probe(answering(0, 13000), answering(500, 0), answering(0, 0)))
        .isEqualTo(
            new Unavailable(
                "cudaDriverGetVersion failed: library=lib, runtime=13.0,"
                    + " status=cudaErrorSymbolNotFound(500)",
                hint));
    assertThat(probe(answering(0, 13000), answering(0, 13000), answering(500, 0)))
        .isEqualTo(
            new Unavailable(
                "cudaGetDeviceCount failed: library=lib, runtime=13.0, driver=13.0,"
                    + " status=cudaErrorSymbolNotFound(500)",
                hint));
  }

  @Test
  void ask_ourOwnErrorsAreNotHidden() {
    for (Throwable failure :
        new Throwable[] {new StackOverflowError(), new WrongThreadException()}) {
      MethodHandle thrower = MethodHandles.throwException(int.class, Throwable.class);
      MethodHandle failing =
          MethodHandles.dropArguments(thrower.bindTo(failure), 0, MemorySegment.class);

      assertThatThrownBy(() -> Cudart.ask(failing)).isSameAs(failure);
    }
  }
}
