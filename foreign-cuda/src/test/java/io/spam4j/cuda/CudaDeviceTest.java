package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.cuda.CudaAvailability.Available;
import io.spam4j.cuda.CudaAvailability.Unavailable;
import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.CudaUnavailableException;
import io.spam4j.cuda.internal.InstalledCudart;
import io.spam4j.cuda.internal.ProbedHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where libcudart is looked for, and what is said about it. */
class CudaDeviceTest {
  /** On any Linux host, and no libcudart. */
  private static final String OTHER_LIBRARY = "libm.so.6";

  private static final String LIBRARY_HINT =
      "set spam4j.cuda.library to the path of a libcudart of CUDA 11, 12 or 13, or do not set it";
  private static final String INSTALL_HINT =
      "install the CUDA 11, 12 or 13 runtime, or set -Dspam4j.cuda.library=/path/to/libcudart.so";

  @TempDir private Path folder;

  @BeforeEach
  void onLinux() {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "CUDA is looked for on Linux only");
  }

  private static CudaAvailability probe(Map<String, String> properties) {
    return probe(properties, Map.of(), List.of(), "/nowhere");
  }

  private static CudaAvailability probe(
      Map<String, String> properties,
      Map<String, String> variables,
      List<String> sonames,
      String toolkit) {
    return CudaProbe.of(
            new ProbedHost(
                name -> properties.getOrDefault(name, System.getProperty(name)),
                variables::get,
                sonames,
                toolkit))
        .availability();
  }

  @Test
  void availability_thisHost() {
    CudaAvailability availability = CudaDevice.availability();

    assertThat(CudaDevice.availability()).isSameAs(availability);
    switch (availability) {
      case Available(int devices, int runtime, int driver) -> {
        assertThat(InstalledCudart.hasDriver()).isTrue();
        assertThat(devices).isPositive();
        assertThat(runtime).isBetween(11000, 14000);
        assertThat(driver).isPositive();
      }
      case Unavailable(String reason, String hint) -> {
        assertThat(reason)
            .matches(
                "no libcudart could be loaded: tried=\\[.+]"
                    + "|the NVIDIA driver must .+: library=.+, runtime=\\d+\\.\\d, driver=.+"
                    + "|a CUDA device must be visible: library=.+, driver=\\d+\\.\\d, .+"
                    + "|cuda[A-Za-z]+ failed: library=.+, status=.+\\(\\d+\\)");
        assertThat(hint).isNotEmpty();
      }
    }
  }

  @Test
  void availability_installedRuntimeWithoutDriver() {
    InstalledCudart.assumeInstalled();
    InstalledCudart.assumeNoDriver();

    Unavailable noDriver =
        new Unavailable(
            "the NVIDIA driver must be installed: library="
                + InstalledCudart.FILE
                + ", runtime=13.0, driver=0",
            "install the NVIDIA driver; in a container, pass the GPU in (--gpus all)");
    List<String> sonames = List.of("libcudart.so.13");
    String lib64 = "/usr/local/cuda/lib64";
    Map<String, String> home = Map.of("CUDA_PATH", "/usr/local/cuda");
    assertThat(probe(Map.of("spam4j.cuda.library", InstalledCudart.FILE.toString())))
        .isEqualTo(noDriver);
    assertThat(probe(Map.of("spam4j.cuda.path", lib64), Map.of(), sonames, "/nowhere"))
        .isEqualTo(noDriver);
    assertThat(probe(Map.of(), home, sonames, "/nowhere")).isEqualTo(noDriver);
    assertThat(probe(Map.of(), Map.of(), List.of(InstalledCudart.FILE.toString()), "/nowhere"))
        .isEqualTo(noDriver);
  }

  @Test
  void open_installedRuntimeWithoutDriver() throws CudaUnavailableException {
    InstalledCudart.assumeInstalled();
    InstalledCudart.assumeNoDriver();
    CudaLibrary installed = InstalledCudart.load();

    assertThatThrownBy(() -> CudaDevice.open(installed, 0))
        .isInstanceOf(CudaException.class)
        .hasMessage(
            "cudaSetDevice failed: device=0, status=cudaErrorInsufficientDriver(35); update the"
                + " NVIDIA driver");
    assertThatThrownBy(() -> new CudaProbe(null, probe(Map.of("os.name", "Mac OS X"))).usable())
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage(
            "CUDA must be available: CUDA needs Linux: os.name=Mac OS X; run on a Linux host, or"
                + " without CUDA");
  }

  @Test
  void availability_otherSystem() {
    assertThat(probe(Map.of("os.name", "Mac OS X")))
        .isEqualTo(
            new Unavailable(
                "CUDA needs Linux: os.name=Mac OS X", "run on a Linux host, or without CUDA"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/nowhere/libcudart.so.13", "/", "\0", "libcudart.so.13"})
  void availability_libraryNoFile(String library) {
    assertThat(probe(Map.of("spam4j.cuda.library", library)))
        .isEqualTo(
            new Unavailable(
                "spam4j.cuda.library must be a file: spam4j.cuda.library=" + library,
                LIBRARY_HINT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\u007fEL", "#!/bin/sh\n"})
  void availability_libraryNotElf(String content) throws IOException {
    Path file = Files.writeString(folder.resolve("libcudart.so.13"), content);

    assertThat(probe(Map.of("spam4j.cuda.library", file.toString())))
        .isEqualTo(
            new Unavailable(
                "spam4j.cuda.library must be a libcudart: " + file + ": not an ELF file",
                LIBRARY_HINT));
  }

  @Test
  void availability_libraryBrokenElf() throws IOException {
    Path file = Files.writeString(folder.resolve("libcudart.so.13"), "\u007fELF");

    assertThat(probe(Map.of("spam4j.cuda.library", file.toString())))
        .isEqualTo(
            new Unavailable(
                "spam4j.cuda.library must be a libcudart: " + file + ": file too short",
                LIBRARY_HINT));
  }

  @Test
  void availability_libraryOfAnotherName() {
    assertThat(probe(Map.of(), Map.of(), List.of(OTHER_LIBRARY), "/nowhere"))
        .isEqualTo(
            new Unavailable(
                "no libcudart could be loaded: tried=[libm.so.6: Symbol not found:"
                    + " cudaRuntimeGetVersion, /nowhere: no such folder]",
                INSTALL_HINT));
  }

  @Test
  void availability_pathNoFolder() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));

    assertThat(probe(Map.of("spam4j.cuda.path", file.toString())))
        .isEqualTo(
            new Unavailable(
                "spam4j.cuda.path must be a folder: spam4j.cuda.path=" + file,
                "set spam4j.cuda.path to the folder that holds libcudart, or do not set it"));
  }

  @Test
  void availability_pathWithoutLibrary() {
    assertThat(probe(Map.of("spam4j.cuda.path", folder.toString())))
        .isEqualTo(
            new Unavailable(
                "no libcudart could be loaded: tried=[" + folder + ": no libcudart]",
                INSTALL_HINT));
  }

  @Test
  void availability_everyPlaceInOrder() throws IOException {
    Path home = Files.createDirectories(folder.resolve("home"));
    Path arm = Files.createDirectories(home.resolve("targets/arm/lib"));
    Path x86 = Files.createDirectories(home.resolve("targets/x86/lib"));
    Files.createFile(x86.resolve("libcudart.so.none.2"));
    Path toolkit = Files.createDirectories(folder.resolve("toolkit"));
    Path conda = Files.createDirectories(folder.resolve("conda"));
    Map<String, String> variables =
        Map.of(
            "CUDA_HOME", home.toString(), "CUDA_PATH", "/other", "CONDA_PREFIX", conda.toString());
    List<String> sonames = List.of("libcudart.so.none.1", "libcudart.so.none.2");

    CudaAvailability availability =
        probe(Map.of("spam4j.cuda.library", ""), variables, sonames, toolkit.toString());

    String missing = ": cannot open shared object file: No such file or directory";
    List<String> tried =
        List.of(
            home + "/lib64: no such folder",
            arm + ": no libcudart",
            x86 + "/libcudart.so.none.2: not an ELF file",
            home + "/lib: no such folder",
            "/other/lib64: no such folder",
            "/other/lib: no such folder",
            "libcudart.so.none.1" + missing,
            "libcudart.so.none.2" + missing,
            toolkit + ": no libcudart",
            conda + "/lib: no such folder");
    assertThat(availability)
        .isEqualTo(new Unavailable("no libcudart could be loaded: tried=" + tried, INSTALL_HINT));
  }
}
