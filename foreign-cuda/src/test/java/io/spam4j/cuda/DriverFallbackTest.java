package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.Cudart;
import org.junit.jupiter.api.Test;

/** A runtime before CUDA 12.8 cannot load kernels: the driver does. */
final class DriverFallbackTest {
  private static final String NO_KERNEL =
      "cuModuleGetFunction failed: kernel=none, status=cudaErrorSymbolNotFound(500)";

  @Test
  void load_asTheFirstCallOfAll() {
    StandIn standIn = StandIn.load();
    standIn.runtime(11080);
    try (CudaDevice device = standIn.open()) {
      Kernel kernel = device.load(ShippedKernels.ptx()).kernel("spam4j_fill");

      assertThat(kernel.maxThreads()).isZero();
    }
    assertThat(standIn.reset()).isZero();
  }

  @Test
  void kernel_failuresAreTold() {
    StandIn standIn = StandIn.load();
    standIn.runtime(12040);
    try (CudaDevice device = standIn.open();
        CudaStream stream = device.stream();
        KernelLibrary library = device.load(ShippedKernels.ptx())) {
      Kernel fill = library.kernel("spam4j_fill");
      KernelArguments none = new KernelArguments(3).setLong(0, 0).setLong(1, 0).setFloat(2, 0);

      assertThatThrownBy(() -> library.kernel("none")).hasMessage(NO_KERNEL);
      assertThatThrownBy(() -> fill.launch(stream, 1, 512, 0, none))
          .hasMessage(
              "cuLaunchKernel failed: kernel=spam4j_fill, blocks=1, threads=512, sharedBytes=0,"
                  + " status=cudaErrorLaunchOutOfResources(701)");
      assertThatThrownBy(() -> fill.launch(stream, 1, 2048, 0, none))
          .hasMessage(
              "cuLaunchKernel failed: kernel=spam4j_fill, blocks=1, threads=2048, sharedBytes=0,"
                  + " status=cudaErrorInvalidValue(1)");
      assertThatThrownBy(() -> device.load(".version 6.3"))
          .isInstanceOf(CudaException.class)
          .hasMessageStartingWith(
              "cuModuleLoadDataEx failed: status=cudaErrorInvalidPtx(218); see the log of the"
                  + " compiler in this message; log: ");
    }
    assertThat(standIn.reset()).isZero();
  }

  @Test
  void runtime_withoutADriver() {
    StandIn standIn = StandIn.load();
    standIn.runtime(12040);
    Cudart cudart = standIn.library().cudart();
    try (CudaDevice device = CudaDevice.open(new CudaLibrary(cudart, "libcuda.so.none"), 0)) {
      assertThatThrownBy(() -> device.load(ShippedKernels.ptx()))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessage(
              "a runtime before CUDA 12.8 needs the driver to load kernels: libcuda.so.none: cannot"
                  + " open shared object file: No such file or directory");
    }
  }

  @Test
  void runtime_ofTheStandInDoesNotLoadWhatItCannot() {
    StandIn standIn = StandIn.load();
    try (CudaDevice device = standIn.open()) {
      KernelModule direct = new KernelModule.ByRuntime(standIn.library().cudart());
      standIn.runtime(12079);

      assertThatThrownBy(() -> KernelLibrary.load(device.context(), direct, ShippedKernels.ptx()))
          .hasMessage("cudaLibraryLoadData failed: status=cudaErrorSymbolNotFound(500)");
    }
  }
}
