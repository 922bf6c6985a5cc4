package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The library of {@code src/test/native/stub_cudart.cpp}, built once by g++. */
final class StubCudart extends NativeLibrary {
  private static final Path SOURCE = Path.of("src/test/native/stub_cudart.cpp");
  private static final Path FILE = Path.of("target/native-stub/libcudart.so.13");

  /** Built at the first question. */
  private static final class Built {
    static final String RESULT = build();
  }

  /** Loaded by the first test. */
  private static final class Loaded {
    static final StubCudart STUB = find();
  }

  private final NativeFunction fail = function("stubFail", "stub", INT, INT);
  private final NativeFunction reset = function("stubReset", "stub");
  private final NativeFunction pending = function("stubPending", "stub", INT);
  private final NativeFunction open = function("stubOpen", "stub");
  private final NativeFunction untilFailure = function("stubUntilFailure", "stub");
  private final NativeFunction calls = text("stubCalls", "stub");
  private final CudaLibrary library;

  private StubCudart(CudaLibrary library) {
    super(library.name(), library.cudart().symbols());
    this.library = library;
  }

  /** Why there is no stub on this host, or nothing. */
  static String problem() {
    return Built.RESULT;
  }

  /** The library as new; there is one in the process. */
  static StubCudart load() {
    Loaded.STUB.reset.call();
    return Loaded.STUB;
  }

  /** Found by its property, as users do. */
  private static StubCudart find() {
    String file = FILE.toAbsolutePath().toString();
    Map<String, String> properties = Map.of("spam4j.cuda.library", file);
    CudaProbe probe =
        CudaProbe.of(
            new Host(
                name -> properties.getOrDefault(name, System.getProperty(name)),
                name -> null,
                List.of(),
                "/nowhere"));
    StubCudart stub = new StubCudart(probe.usable());
    assertThat(stub.name()).isEqualTo(file);
    return stub;
  }

  private static String build() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return "CUDA is looked for on Linux only";
    }
    try {
      Files.createDirectories(FILE.getParent());
      Path log = FILE.resolveSibling("stub_cudart.log");
      Process compiler =
          new ProcessBuilder(
                  "g++",
                  "-std=c++17",
                  "-O1",
                  "-Wall",
                  "-Wextra",
                  "-Werror",
                  "-shared",
                  "-fPIC",
                  "-isystem/usr/local/cuda/include",
                  SOURCE.toString(),
                  "-o",
                  FILE.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (compiler.waitFor() != 0) {
        throw new AssertionError("the stub must compile: " + Files.readString(log));
      }
      return "";
    } catch (IOException e) {
      if (Files.isExecutable(Path.of("/usr/bin/g++"))) {
        throw new UncheckedIOException(e);
      }
      return "g++ is not on the PATH, so there is no stub of libcudart: " + e.getMessage();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  CudaLibrary library() {
    return library;
  }

  CudaDevice open(int ordinal) {
    return CudaDevice.open(library, ordinal);
  }

  /** Lets a call fail, 1 for the next one. */
  void fail(int callsFromNow, int status) {
    fail.call(callsFromNow, status);
  }

  /** Whether the call that was to fail has failed. */
  boolean failed() {
    return untilFailure.call() == 0;
  }

  void pending(boolean busy) {
    pending.call(busy ? 1 : 0);
  }

  /** How many handles are not given back. */
  int openHandles() {
    return open.call();
  }

  /** The names of the calls since the last question, but for the cheap ones. */
  String calls() {
    return calls.callForText();
  }
}
