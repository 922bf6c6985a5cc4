package io.spam4j.cuda.internal;

import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The libcudart that a host may have installed. */
public final class InstalledCudart {
  public static final Path FILE = Path.of("/usr/local/cuda/lib64/libcudart.so.13");

  private InstalledCudart() {}

  /** Skips a test where it is not installed. */
  public static void assumeInstalled() {
    assumeTrue(Files.exists(FILE), FILE + " is not installed");
  }

  /** Skips a test where it would find a driver. */
  public static void assumeNoDriver() {
    assumeFalse(hasDriver(), "this host has an NVIDIA driver");
  }

  public static boolean hasDriver() {
    return Files.exists(Path.of("/proc/driver/nvidia/version"));
  }

  /** Loads it by its property, as users do. */
  public static CudaLibrary load() throws CudaUnavailableException {
    Map<String, String> properties = Map.of(CudaLibrary.LIBRARY, FILE.toString());
    return CudaLibrary.load(
        new ProbedHost(
            name -> properties.getOrDefault(name, System.getProperty(name)),
            name -> null,
            List.of(),
            "/nowhere"));
  }
}
