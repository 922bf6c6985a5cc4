package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Memory and launches for the kernels, which g++ compiles for the CPU with its sanitizers: the
 * input of {@code src/test/native/host/launcher.cpp}.
 */
final class HostKernels {
  /** In the order of the launcher's table. */
  enum Kernel {
    UPDATE(0),
    UPDATE_SPARSE(1),
    TALLY(2),
    MEASURE(3),
    MEASURE_SUM(4),
    FILL(5),
    REMAP(6),
    MEASURE_TOTAL(7),
    MEASURE_AGAIN(8),
    RESCALE(9),
    DECIDE_TENSORS(10),
    DECIDE_NORM(11),
    AMSGRAD(12);

    private final int index;

    Kernel(int index) {
      this.index = index;
    }
  }

  private static final List<String> COMPILE =
      List.of(
          "g++",
          "-std=c++17",
          "-O1",
          "-g1",
          "-Wall",
          "-Wextra",
          "-Werror",
          "-Wno-unknown-pragmas",
          "-ffp-contract=off",
          "-fno-strict-aliasing",
          "-fsanitize=address,undefined",
          "-fno-sanitize-recover=all",
          "-Isrc/main/cuda",
          "-include",
          "src/test/native/host/shim.h",
          "src/test/native/host/launcher.cpp",
          "-pthread",
          "-o");

  private static final Path PROGRAM =
      Path.of("target", "host-kernels", "launcher").toAbsolutePath();
  private static boolean compiled;

  /** Where the launches run. */
  enum Machine {
    /** The sources, compiled for the CPU. */
    CPU,
    /** The PTX that is shipped, on the stand-in. */
    STAND_IN
  }

  /** Memory that starts some bytes after a multiple of 16. */
  static final class Buffer {
    final byte[] array;
    final int shift;

    Buffer(byte[] array, int shift) {
      this.array = array;
      this.shift = shift;
    }
  }

  /** A launch; its arguments are buffers, floats or ints. */
  record Launch(Kernel kernel, int blocks, List<Object> arguments) {}

  private final Machine machine;
  private final List<Buffer> buffers = new ArrayList<>();
  private final IdentityHashMap<ByteBuffer, Integer> numbers = new IdentityHashMap<>();
  private final List<long[]> pointers = new ArrayList<>();
  private final List<Launch> launches = new ArrayList<>();

  HostKernels() {
    this(Machine.CPU);
  }

  HostKernels(Machine machine) {
    this.machine = machine;
  }

  /** The launcher, compiled once; a test that asks is skipped where there is no g++. */
  private static synchronized Path program() throws IOException, InterruptedException {
    assumeTrue(hasCompiler(), "the kernels are not run on the CPU: there is no g++");
    if (!compiled) {
      Files.createDirectories(PROGRAM.getParent());
      List<String> command = new ArrayList<>(COMPILE);
      command.add(PROGRAM.toString());
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      compiled = true;
    }
    return PROGRAM;
  }

  private static boolean hasCompiler() throws InterruptedException {
    try {
      Process process = new ProcessBuilder("g++", "--version").redirectErrorStream(true).start();
      process.getInputStream().readAllBytes();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Memory of zeros that starts {@code shift} bytes after a multiple of 16. */
  ByteBuffer memory(long bytes, int shift) {
    byte[] array = new byte[Math.toIntExact(bytes)];
    ByteBuffer memory = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
    numbers.put(memory, buffers.size());
    buffers.add(new Buffer(array, shift));
    return memory;
  }

  /** Puts the address of one memory into another. */
  void point(ByteBuffer from, int offset, ByteBuffer to) {
    pointers.add(new long[] {number(from), offset, number(to)});
  }

  /** Takes the address there away again: null. */
  void pointNowhere(ByteBuffer from, int offset) {
    pointers.removeIf(pointer -> pointer[0] == number(from) && pointer[1] == offset);
  }

  /** Launches a kernel; its arguments are memory, floats or ints. */
  void launch(Kernel kernel, int blocks, Object... arguments) {
    List<Object> values = new ArrayList<>();
    for (Object argument : arguments) {
      values.add(argument instanceof ByteBuffer memory ? buffers.get(number(memory)) : argument);
    }
    launches.add(new Launch(kernel, blocks, values));
  }

  private int number(ByteBuffer memory) {
    return Objects.requireNonNull(numbers.get(memory), "no memory of these kernels");
  }

  /** Runs what was launched and updates the memory. */
  void run() throws IOException, InterruptedException {
    if (machine == Machine.STAND_IN) {
      ShippedLaunches.run(buffers, pointers, launches);
      return;
    }
    Path program = program();
    Path errors = program.resolveSibling("errors.txt");
    Process process = new ProcessBuilder(program.toString()).redirectError(errors.toFile()).start();
    byte[] input = input();
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (var out = process.getOutputStream()) {
                    out.write(input);
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
    byte[] output = process.getInputStream().readAllBytes();
    writer.join();
    String said = Files.readString(errors);
    assertThat(process.waitFor()).as(said.toLowerCase(Locale.ROOT)).isZero();
    assertThat(said).isEmpty();
    ByteBuffer all = ByteBuffer.wrap(output);
    for (Buffer buffer : buffers) {
      all.get(buffer.array);
    }
    assertThat(all.hasRemaining()).isFalse();
  }

  private byte[] input() {
    var out = new ByteArrayOutputStream();
    write(out, buffers.size());
    for (Buffer buffer : buffers) {
      write(out, buffer.array.length, buffer.shift);
      out.writeBytes(buffer.array);
    }
    write(out, pointers.size());
    pointers.forEach(pointer -> write(out, pointer));
    write(out, launches.size());
    for (Launch launch : launches) {
      write(out, launch.kernel.index, launch.blocks, launch.arguments.size());
      for (Object argument : launch.arguments) {
        switch (argument) {
          case Float value -> write(out, 1, Float.floatToRawIntBits(value));
          case Integer value -> write(out, 2, value);
          default -> write(out, 0, buffers.indexOf(argument));
        }
      }
    }
    return out.toByteArray();
  }

  private static void write(ByteArrayOutputStream out, long... values) {
    byte[] bytes = new byte[values.length * Long.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(values);
    out.writeBytes(bytes);
  }

  /** Whether memory holds these floats; payloads of NaN may differ. */
  static void assertBits(String name, ByteBuffer actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(Float.floatToIntBits(actual.getFloat(4 * i)))
          .as("%s[%d]: %s, expected %s", name, i, actual.getFloat(4 * i), expected[i])
          .isEqualTo(Float.floatToIntBits(expected[i]));
    }
  }
}
