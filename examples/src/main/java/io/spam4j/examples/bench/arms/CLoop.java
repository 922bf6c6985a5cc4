package io.spam4j.examples.bench.arms;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** The update in C with intrinsics, compiled by gcc when it is first needed. */
final class CLoop implements AutoCloseable {
  private static final String SOURCE = "update.c";
  private static final int COEFFICIENTS = 14;
  private static final int SPIKES = COEFFICIENTS;
  private static final int CLAMPED = COEFFICIENTS + 1;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment coefficients = arena.allocate((COEFFICIENTS + 2) * 4L, 64);

  // void spam4j_update(float *w, const float *g, float *m, float *v, long n,
  //                    struct coefficients *c)
  private final MethodHandle update;

  /**
   * Compiles for a processor.
   *
   * @param target gcc's option, such as {@code -march=native}
   * @throws ArmUnavailableException if there is no gcc, or it cannot compile this
   */
  CLoop(String target) throws ArmUnavailableException {
    try {
      update = load(target);
    } catch (IOException | RuntimeException | ArmUnavailableException e) {
      arena.close();
      throw new ArmUnavailableException(String.valueOf(e.getMessage()));
    }
  }

  @SuppressWarnings("restricted") // The signature is that of the source beside this class.
  private MethodHandle load(String target) throws IOException, ArmUnavailableException {
    Path folder = Files.createTempDirectory("spam4j-bench");
    Path source = folder.resolve(SOURCE);
    Path library = folder.resolve("update.so");
    Path log = folder.resolve("gcc.log");
    try (InputStream text = CLoop.class.getResourceAsStream(SOURCE)) {
      if (text == null) {
        throw new IllegalStateException("resource must exist: name=" + SOURCE);
      }
      Files.copy(text, source, StandardCopyOption.REPLACE_EXISTING);
      compile(target, source, library, log);
      MemorySegment function =
          SymbolLookup.libraryLookup(library, arena).findOrThrow("spam4j_update");
      return Linker.nativeLinker()
          .downcallHandle(
              function,
              FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    } finally {
      for (Path file : List.of(source, library, log, folder)) {
        Files.deleteIfExists(file);
      }
    }
  }

  private static void compile(String target, Path source, Path library, Path log)
      throws IOException, ArmUnavailableException {
    List<String> command = new ArrayList<>(List.of("gcc", "-O3", target, "-ffp-contract=off"));
    command.addAll(List.of("-shared", "-fPIC", source.toString(), "-o", library.toString()));
    command.add("-lm");
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    Process gcc;
    try {
      gcc = builder.redirectOutput(log.toFile()).start();
    } catch (IOException absent) {
      throw new ArmUnavailableException("no gcc: " + absent.getMessage());
    }
    try {
      int status = gcc.waitFor();
      if (status != 0) {
        String said = Files.readString(log, StandardCharsets.UTF_8).strip();
        throw new ArmUnavailableException("gcc failed: status=%d, %s".formatted(status, said));
      }
    } catch (InterruptedException e) {
      gcc.destroy();
      Thread.currentThread().interrupt();
      throw new ArmUnavailableException("gcc was interrupted");
    }
  }

  /** Sets the numbers of the next steps; of the engine's those that Adam and SPAM use. */
  void set(UpdateCoefficients c) {
    float[] values = {
      c.gradientScale,
      c.normScale,
      c.gradientLimit,
      c.spikeThreshold,
      c.beta1,
      c.oneMinusBeta1,
      c.beta2,
      c.oneMinusBeta2,
      c.flushBelow,
      c.epsilon,
      c.stepSize,
      c.decayBefore,
      c.decayAfter,
      0, // the largest ratio of the step
    };
    MemorySegment.copy(values, 0, coefficients, JAVA_FLOAT, 0, values.length);
    coefficients.setAtIndex(JAVA_INT, SPIKES, 0);
    coefficients.setAtIndex(JAVA_INT, CLAMPED, 0);
  }

  /** Updates {@code n} weights outside the heap. */
  void apply(MemorySegment w, MemorySegment g, MemorySegment m, MemorySegment v, long n) {
    try {
      update.invokeExact(w, g, m, v, n, coefficients);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) { // invokeExact declares it
      throw new AssertionError("a call of C cannot throw a checked exception", e);
    }
  }

  /** The spikes that were clipped since {@link #set}. */
  int spikes() {
    return coefficients.getAtIndex(JAVA_INT, SPIKES);
  }

  /** The gradients that were limited since {@link #set}. */
  int clamped() {
    return coefficients.getAtIndex(JAVA_INT, CLAMPED);
  }

  /** The largest g^2 / v since {@link #set}. */
  float largestRatio() {
    return coefficients.getAtIndex(JAVA_FLOAT, COEFFICIENTS - 1);
  }

  @Override
  public void close() {
    arena.close();
  }
}
