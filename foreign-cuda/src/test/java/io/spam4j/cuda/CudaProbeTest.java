package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.CudaAvailability.Available;
import io.spam4j.cuda.CudaAvailability.Unavailable;
import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.JavaLibrary;
import org.junit.jupiter.api.Test;

/** What each answer of the runtime means, with a runtime of Java methods. */
class CudaProbeTest {
  private static CudaAvailability probe(
      int runtimeStatus,
      int runtime,
      int driverStatus,
      int driver,
      int devicesStatus,
      int devices) {
    JavaLibrary library =
        new JavaLibrary()
            .with("cudaRuntimeGetVersion", runtimeStatus, runtime)
            .with("cudaDriverGetVersion", driverStatus, driver)
            .with("cudaGetDeviceCount", devicesStatus, devices)
            .withErrorNames();
    return CudaProbe.availability(new CudaLibrary(library.cudart()));
  }

  @Test
  void availability_devices() {
    assertThat(probe(0, 12040, 0, 13010, 0, 2)).isEqualTo(new Available(2, 12040, 13010));
  }

  @Test
  void availability_noDriver() {
    assertThat(probe(0, 11080, 0, 0, 35, 0))
        .isEqualTo(
            new Unavailable(
                "the NVIDIA driver must be installed: library=lib, runtime=11.8, driver=0",
                "install the NVIDIA driver; in a container, pass the GPU in (--gpus all)"));
  }

  @Test
  void availability_oldDriver() {
    assertThat(probe(0, 13000, 0, 12080, 35, 0))
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

    assertThat(probe(0, 13000, 0, 13000, 100, 0))
        .isEqualTo(
            new Unavailable(
                "a CUDA device must be visible: library=lib, runtime=13.0, driver=13.0,"
                    + " status=cudaErrorNoDevice(100)",
                hint));
    assertThat(probe(0, 13000, 0, 13000, 0, 0))
        .isEqualTo(
            new Unavailable(
                "a CUDA device must be visible: library=lib, runtime=13.0, driver=13.0, devices=0",
                hint));
  }

  @Test
  void availability_otherStatuses() {
    String hint = "see whether nvidia-smi shows the GPU and a driver error";

    assertThat(probe(999, 0, 0, 0, 0, 0))
        .isEqualTo(
            new Unavailable(
                "cudaRuntimeGetVersion failed: library=lib, status=cudaErrorUnknown(999)", hint));
    assertThat(probe(0, 13000, 500, 0, 0, 0))
        .isEqualTo(
            new Unavailable(
                "cudaDriverGetVersion failed: library=lib, runtime=13.0,"
                    + " status=cudaErrorSymbolNotFound(500)",
                hint));
    assertThat(probe(0, 13000, 0, 13000, 500, 0))
        .isEqualTo(
            new Unavailable(
                "cudaGetDeviceCount failed: library=lib, runtime=13.0, driver=13.0,"
                    + " status=cudaErrorSymbolNotFound(500)",
                hint));
  }
}
