package io.spam4j.cuda;

import io.spam4j.cuda.CudaAvailability.Available;
import io.spam4j.cuda.Cudart.Answer;
import java.lang.invoke.MethodHandle;

/** An NVIDIA GPU. */
public final class CudaDevice {
  /** Probed at the first question. */
  private static final class Probe {
    static final CudaAvailability RESULT = availability(Host.ofThisProcess());
  }

  private CudaDevice() {}

  /**
   * Whether this process can use CUDA, from loading the CUDA runtime (libcudart) and asking it.
   * Never throws. The first call takes milliseconds, or as long as the driver needs to wake the
   * devices; the answer stays the same as long as the process.
   *
   * <p>The property {@code spam4j.cuda.library} names the exact file to load, {@code
   * spam4j.cuda.path} the folder to find it in. Without either, the toolkits of {@code CUDA_HOME}
   * and {@code CUDA_PATH}, the dynamic linker's folders, {@code /usr/local/cuda/lib64} and {@code
   * CONDA_PREFIX/lib} are searched, in this order, for CUDA 13, 12 and 11.
   */
  public static CudaAvailability availability() {
    return Probe.RESULT;
  }

  static CudaAvailability availability(Host host) {
    try {
      return availability(CudaLibrary.load(host));
    } catch (CudaUnavailableException e) {
      return e.toAvailability();
    }
  }

  static CudaAvailability availability(CudaLibrary library) {
    try {
      return probe(library);
    } catch (CudaUnavailableException e) {
      return e.toAvailability();
    }
  }

  private static Available probe(CudaLibrary library) throws CudaUnavailableException {
    Cudart cudart = library.cudart();
    String found = "library=" + library.name();
    int runtime = ask(library, cudart.runtimeGetVersion(), "cudaRuntimeGetVersion", found);
    found += ", runtime=" + versionText(runtime);
    int driver = ask(library, cudart.driverGetVersion(), "cudaDriverGetVersion", found);
    if (driver == 0) {
      throw new CudaUnavailableException(
          "the NVIDIA driver must be installed: " + found + ", driver=0",
          "install the NVIDIA driver; in a container, pass the GPU in (--gpus all)");
    }
    found += ", driver=" + versionText(driver);
    int devices = ask(library, cudart.getDeviceCount(), "cudaGetDeviceCount", found);
    if (devices == 0) {
      throw noDevice(found + ", devices=0");
    }
    return new Available(devices, runtime, driver);
  }

  private static int ask(CudaLibrary library, MethodHandle function, String name, String found)
      throws CudaUnavailableException {
    Answer answer = Cudart.ask(function);
    if (answer.status() == Cudart.SUCCESS) {
      return answer.value();
    }
    String values = found + ", status=" + library.cudart().statusText(answer.status());
    throw switch (answer.status()) {
      case Cudart.INSUFFICIENT_DRIVER ->
          new CudaUnavailableException(
              "the NVIDIA driver must not be older than the CUDA runtime: " + values,
              "update the NVIDIA driver, or set "
                  + CudaLibrary.LIBRARY
                  + " to the libcudart of an older CUDA");
      case Cudart.NO_DEVICE -> noDevice(values);
      default ->
          new CudaUnavailableException(
              name + " failed: " + values,
              "see whether nvidia-smi shows the GPU and a driver error");
    };
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
