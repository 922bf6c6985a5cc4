package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.NativeLibrary;
import io.spam4j.cuda.internal.ProbedHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The library of {@code src/test/native/stub_cudart.cpp}, built once by g++. */
final class StubCudart extends NativeLibrary {
  static final String NEEDS = "a stub of libcudart is built by g++ on Linux, and there is none";

  private static final Path SOURCE = Path.of("src/test/native/stub_cudart.cpp");
  private static final Path FILE = Path.of("target/native-stub/libcudart.so.13");

  /** Built at the first question. */
  private static final class Built {
    static final boolean RESULT = build();
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

  /** Whether there is a compiler; a stub that it refuses is an error. */
  static boolean builds() {
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
            new ProbedHost(
                name -> properties.getOrDefault(name, System.getProperty(name)),
                name -> null,
                List.of(),
                "/nowhere"));
    StubCudart stub = new StubCudart(probe.usable());
    assertThat(stub.name()).isEqualTo(file);
    return stub;
  }

  private static boolean build() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return false;
    }
    try {
      Files.createDirectories(FILE.getParent());
      Path log = FILE.resolveSibling("stub_cudart.log");
      ProcessBuilder compiler =
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
              .redirectOutput(log.toFile());
      Process running;
      try {
        running = compiler.start();
      } catch (IOException e) { // not on the PATH
        return false;
      }
      if (running.waitFor() != 0) {
        throw new AssertionError("the stub must compile: " + Files.readString(log));
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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
