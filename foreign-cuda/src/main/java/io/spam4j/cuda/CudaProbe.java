package io.spam4j.cuda;

import io.spam4j.cuda.CudaAvailability.Available;
import io.spam4j.cuda.CudaAvailability.Unavailable;
import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.CudaStatus;
import io.spam4j.cuda.internal.CudaUnavailableException;
import io.spam4j.cuda.internal.Cudart;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.ProbedHost;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA of a host: a library, if one was loaded, and what it answers.
 *
 * @param library null if {@code availability} says why there is none
 */
record CudaProbe(@Nullable CudaLibrary library, CudaAvailability availability) {
  /** Looks for the library of a host, and asks it. Never throws. */
  static CudaProbe of(ProbedHost host) {
    try {
      CudaLibrary library = CudaLibrary.load(host);
      return new CudaProbe(library, availability(library));
    } catch (CudaUnavailableException e) {
      return new CudaProbe(null, unavailable(e));
    }
  }

  /**
   * The library, if it can be used.
   *
   * @throws UnsupportedOperationException if CUDA is not available, with the reason and the remedy
   */
  CudaLibrary usable() {
    if (availability instanceof Unavailable(String reason, String hint)) {
      throw new UnsupportedOperationException("CUDA must be available: " + reason + "; " + hint);
    }
    if (library == null) {
      throw new AssertionError("what is available was loaded");
    }
    return library;
  }

  static CudaAvailability availability(CudaLibrary library) {
    try {
      return ask(library);
    } catch (CudaUnavailableException e) {
      return unavailable(e);
    }
  }

  private static Unavailable unavailable(CudaUnavailableException e) {
    return new Unavailable(String.valueOf(e.getMessage()), e.hint());
  }

  private static Available ask(CudaLibrary library) throws CudaUnavailableException {
    Cudart cudart = library.cudart();
    String found = "library=" + library.name();
    int runtime = ask(library, cudart.runtimeGetVersion, found);
    found += ", runtime=" + versionText(runtime);
    int driver = ask(library, cudart.driverGetVersion, found);
    if (driver == 0) {
      throw new CudaUnavailableException(
          "the NVIDIA driver must be installed: " + found + ", driver=0",
          "install the NVIDIA driver; in a container, pass the GPU in (--gpus all)");
    }
    found += ", driver=" + versionText(driver);
    int devices = ask(library, cudart.getDeviceCount, found);
    if (devices == 0) {
      throw noDevice(found + ", devices=0");
    }
    return new Available(devices, runtime, driver);
  }

  private static int ask(CudaLibrary library, NativeFunction function, String found)
      throws CudaUnavailableException {
    int status;
    int value;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      status = function.call(out);
      value = out.get(ValueLayout.JAVA_INT, 0);
    }
    if (status == CudaStatus.SUCCESS.code()) {
      return value;
    }
    String values = found + ", status=" + library.cudart().statusText(status);
    if (status == CudaStatus.INSUFFICIENT_DRIVER.code()) {
      throw new CudaUnavailableException(
          "the NVIDIA driver must not be older than the CUDA runtime: " + values,
          "update the NVIDIA driver, or set "
              + CudaLibrary.LIBRARY
              + " to the libcudart of an older CUDA");
    }
    if (status == CudaStatus.NO_DEVICE.code()) {
      throw noDevice(values);
    }
    throw new CudaUnavailableException(
        function.name() + " failed: " + values,
        "see whether nvidia-smi shows the GPU and a driver error");
  }

  private static CudaUnavailableException noDevice(String values) {
    return new CudaUnavailableException(
        "a CUDA device must be visible: " + values,
        "see whether nvidia-smi lists a GPU and CUDA_VISIBLE_DEVICES does not hide it");
  }

  private static String versionText(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }
}
