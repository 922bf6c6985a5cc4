package io.spam4j.cuda.internal;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * A loaded libcudart. Looked for in this order, the first that loads wins:
 *
 * <ol>
 *   <li>the file named by the property {@code spam4j.cuda.library}, and then nowhere else
 *   <li>the folder named by the property {@code spam4j.cuda.path}, and then nowhere else
 *   <li>{@code lib64}, {@code targets/*}{@code /lib} and {@code lib} of the toolkits named by the
 *       variables {@code CUDA_HOME} and {@code CUDA_PATH}
 *   <li>the dynamic linker, and so {@code LD_LIBRARY_PATH} and {@code ld.so.conf}
 *   <li>{@code /usr/local/cuda/lib64}, then {@code lib} of {@code CONDA_PREFIX}
 * </ol>
 *
 * @param driver the path or soname of the libcuda that loads kernels where libcudart cannot
 */
public record CudaLibrary(Cudart cudart, String driver) {
  public static final String LIBRARY = "spam4j.cuda.library";
  static final String PATH = "spam4j.cuda.path";

  private static final byte[] ELF = {0x7F, 'E', 'L', 'F'};

  public CudaLibrary(Cudart cudart) {
    this(cudart, CudaDriver.SONAME);
  }

  /** The path or soname it was loaded by. */
  public String name() {
    return cudart.name();
  }

  /**
   * Loads the library.
   *
   * @throws CudaUnavailableException if there is none, with everything that was tried
   */
  public static CudaLibrary load(ProbedHost host) throws CudaUnavailableException {
    String os = String.valueOf(host.property().apply("os.name"));
    if (!os.equals("Linux")) {
      throw new CudaUnavailableException(
          "CUDA needs Linux: os.name=" + os, "run on a Linux host, or without CUDA");
    }
    DynamicLinker linker;
    try {
      linker = DynamicLinker.ofThisProcess();
    } catch (IllegalCallerException e) {
      throw new CudaUnavailableException(
          "native access must be enabled: module=" + moduleName(),
          "start Java with --enable-native-access=" + moduleName());
    } catch (UnsupportedOperationException | NoSuchElementException e) {
      throw new CudaUnavailableException(
          "the JVM must be able to call C: os.arch=" + host.property().apply("os.arch"),
          "run on x86-64 or aarch64 with a JDK that has the foreign function interface");
    }
    return new Search(host, linker).run();
  }

  private static String moduleName() {
    Module module = CudaLibrary.class.getModule();
    return module.isNamed() ? module.getName() : "ALL-UNNAMED";
  }

  /** One search, and what it tried in vain. */
  private record Search(ProbedHost host, DynamicLinker linker, List<String> tried) {
    Search(ProbedHost host, DynamicLinker linker) {
      this(host, linker, new ArrayList<>());
    }

    CudaLibrary run() throws CudaUnavailableException {
      String library = set(host.property().apply(LIBRARY));
      String path = set(host.property().apply(PATH));
      if (library != null) {
        return exactly(library);
      }
      CudaLibrary found = path != null ? inside(path) : anywhere();
      if (found == null) {
        throw new CudaUnavailableException(
            "no libcudart could be loaded: tried=" + tried,
            "install the CUDA 11, 12 or 13 runtime, or set -D"
                + LIBRARY
                + "=/path/to/libcudart.so");
      }
      return found;
    }

    private CudaLibrary exactly(String library) throws CudaUnavailableException {
      String hint =
          "set " + LIBRARY + " to the path of a libcudart of CUDA 11, 12 or 13, or do not set it";
      if (!new File(library).isFile()) {
        throw new CudaUnavailableException(
            LIBRARY + " must be a file: " + LIBRARY + "=" + library, hint);
      }
      CudaLibrary found = openFile(new File(library));
      if (found == null) {
        throw new CudaUnavailableException(
            LIBRARY + " must be a libcudart: " + tried.getFirst(), hint);
      }
      return found;
    }

    private @Nullable CudaLibrary inside(String path) throws CudaUnavailableException {
      if (!new File(path).isDirectory()) {
        throw new CudaUnavailableException(
            PATH + " must be a folder: " + PATH + "=" + path,
            "set " + PATH + " to the folder that holds libcudart, or do not set it");
      }
      return openIn(new File(path));
    }

    private @Nullable CudaLibrary anywhere() {
      for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
        String toolkit = set(host.variable().apply(variable));
        CudaLibrary found = toolkit == null ? null : openInToolkit(new File(toolkit));
        if (found != null) {
          return found;
        }
      }
      for (String soname : host.sonames()) {
        CudaLibrary found = open(soname);
        if (found != null) {
          return found;
        }
      }
      CudaLibrary found = openIn(new File(host.toolkit()));
      String conda = set(host.variable().apply("CONDA_PREFIX"));
      return found == null && conda != null ? openIn(new File(conda, "lib")) : found;
    }

    private @Nullable CudaLibrary openInToolkit(File toolkit) {
      List<File> folders = new ArrayList<>();
      folders.add(new File(toolkit, "lib64"));
      File[] targets = new File(toolkit, "targets").listFiles(File::isDirectory);
      if (targets != null) {
        Arrays.sort(targets);
        for (File target : targets) {
          folders.add(new File(target, "lib"));
        }
      }
      folders.add(new File(toolkit, "lib"));
      for (File folder : folders) {
        CudaLibrary found = openIn(folder);
        if (found != null) {
          return found;
        }
      }
      return null;
    }

    private @Nullable CudaLibrary openIn(File folder) {
      boolean any = false;
      for (String soname : host.sonames()) {
        File file = new File(folder, soname);
        if (file.isFile()) {
          any = true;
          CudaLibrary found = openFile(file);
          if (found != null) {
            return found;
          }
        }
      }
      if (!any) {
        tried.add(folder + (folder.isDirectory() ? ": no libcudart" : ": no such folder"));
      }
      return null;
    }

    /** The C library's own words for a file of another kind can mislead. */
    private @Nullable CudaLibrary openFile(File file) {
      try (InputStream bytes = new FileInputStream(file)) {
        if (!Arrays.equals(bytes.readNBytes(ELF.length), ELF)) {
          tried.add(file + ": not an ELF file");
          return null;
        }
      } catch (IOException e) {
        tried.add(file + ": not readable");
        return null;
      }
      return open(file.getAbsolutePath());
    }

    private @Nullable CudaLibrary open(String name) {
      switch (linker.open(name)) {
        case DynamicLinker.Result.Failed(String reason) -> tried.add(reason);
        case DynamicLinker.Result.Opened(var symbols) -> {
          try {
            symbols.findOrThrow("cudaRuntimeGetVersion"); // else it is another library
            return new CudaLibrary(new Cudart(name, symbols));
          } catch (NoSuchElementException e) {
            tried.add(name + ": " + e.getMessage());
          }
        }
      }
      return null;
    }

    private static @Nullable String set(@Nullable String value) {
      return value == null || value.isEmpty() ? null : value;
    }
  }
}
