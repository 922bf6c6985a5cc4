package io.spam4j.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds the native stand-ins for libcudart and cuBLAS with g++, once for each state of their
 * sources.
 *
 * <p>The results lie in {@code target/native/<hash>}. Without g++ the calling test is skipped, and
 * says so.
 */
final class NativeBuild {
  private static final Path SOURCES = Path.of("src/test/native");
  private static final List<String> FOLDERS = List.of("ptxvm", "cudart", "cublas", "tests");
  private static final Path RESULTS = Path.of("target/native");
  private static final Path TOOLKIT = Path.of("/usr/local/cuda/include");
  private static final List<String> FLAGS =
      List.of(
          "-std=c++17",
          "-O2",
          "-fPIC",
          "-Wall",
          "-Wextra",
          "-ffp-contract=off",
          "-fno-math-errno",
          "-fno-fast-math");

  private static @Nullable Path built;

  private NativeBuild() {}

  /** The stand-in for libcudart. */
  static Path cudart() {
    return directory().resolve("libcudart.so.13");
  }

  /** The stand-in for cuBLAS, which works on the memory of {@link #cudart()}. */
  static Path cublas() {
    return directory().resolve("libcublas.so.13");
  }

  /** The program that tests the stand-ins themselves. */
  static Path tests() {
    return directory().resolve("standin_test");
  }

  /** The folder of all results, built when needed. */
  static synchronized Path directory() {
    if (built == null) {
      assumeTrue(System.getProperty("os.name").equals("Linux"), "the stand-ins need Linux");
      String compiler = version();
      assumeTrue(!compiler.isEmpty(), "the stand-ins need g++: install g++");
      try {
        built = build(compiler);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return built;
  }

  /** The flags that every source is compiled with. */
  static List<String> flags() {
    List<String> flags = new ArrayList<>(FLAGS);
    if (Files.isDirectory(TOOLKIT)) {
      flags.add("-isystem" + TOOLKIT);
    }
    return flags;
  }

  private static String version() {
    try {
      return run(List.of("g++", "--version"));
    } catch (IOException e) {
      return "";
    }
  }

  private static Path build(String compiler) throws IOException {
    Path result = RESULTS.resolve(hash(compiler)).toAbsolutePath();
    if (Files.exists(result)) {
      return result;
    }
    Files.createDirectories(RESULTS);
    Path work = Files.createTempDirectory(RESULTS.toAbsolutePath(), "build");
    compile(work);
    link(work);
    try {
      Files.move(work, result);
    } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
      return result; // another process was faster
    }
    return result;
  }

  private static String hash(String compiler) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update((compiler + flags()).getBytes(UTF_8));
      for (Path source : sources("")) {
        digest.update(source.toString().getBytes(UTF_8));
        digest.update(Files.readAllBytes(source));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Path> sources(String ending) throws IOException {
    List<Path> sources = new ArrayList<>();
    for (String folder : FOLDERS) {
      try (Stream<Path> files = Files.walk(SOURCES.resolve(folder))) {
        files
            .filter(Files::isRegularFile)
            .filter(file -> file.toString().endsWith(ending))
            .sorted()
            .forEach(sources::add);
      }
    }
    return sources;
  }

  private static void compile(Path work) throws IOException {
    int together = Math.max(1, Runtime.getRuntime().availableProcessors());
    ArrayDeque<Running> running = new ArrayDeque<>();
    for (Path source : sources(".cpp")) {
      List<String> command = new ArrayList<>(List.of("g++"));
      command.addAll(flags());
      command.addAll(
          List.of("-c", source.toString(), "-o", work.resolve(objectOf(source)).toString()));
      if (running.size() == together) {
        running.remove().finish();
      }
      running.add(Running.start(command, work.resolve(objectOf(source) + ".log")));
    }
    for (Running one : running) {
      one.finish();
    }
  }

  private static String objectOf(Path source) {
    return SOURCES.relativize(source).toString().replace('/', '_') + ".o";
  }

  private static List<String> objects(Path work, String... folders) throws IOException {
    List<String> objects = new ArrayList<>();
    for (Path source : sources(".cpp")) {
      for (String folder : folders) {
        if (source.startsWith(SOURCES.resolve(folder))) {
          objects.add(work.resolve(objectOf(source)).toString());
        }
      }
    }
    return objects;
  }

  /* A name of its own inside, so that cuBLAS never binds to an installed libcudart. */
  private static void link(Path work) throws IOException {
    Path cudart = work.resolve("libcudart.so.13");
    Path alias = work.resolve("libstandin_cudart.so");
    List<String> command = new ArrayList<>(List.of("g++", "-shared", "-Wl,-Bsymbolic"));
    command.addAll(List.of("-Wl,-soname,libstandin_cudart.so", "-o", cudart.toString()));
    command.addAll(objects(work, "ptxvm", "cudart"));
    run(command);
    Files.createSymbolicLink(alias, cudart.getFileName());
    command = new ArrayList<>(List.of("g++", "-shared", "-Wl,-rpath,$ORIGIN"));
    command.addAll(List.of("-o", work.resolve("libcublas.so.13").toString()));
    command.addAll(objects(work, "cublas"));
    command.add(alias.toString());
    run(command);
    command = new ArrayList<>(List.of("g++", "-o", work.resolve("standin_test").toString()));
    command.addAll(objects(work, "ptxvm", "cudart", "cublas", "tests"));
    run(command);
  }

  /** The output of a command; an error when it fails. */
  static String run(List<String> command) throws IOException {
    Path log = Files.createTempFile("native", ".log");
    try {
      return Running.start(command, log).finish();
    } finally {
      Files.deleteIfExists(log);
    }
  }

  private record Running(List<String> command, Process process, Path log) {
    static Running start(List<String> command, Path log) throws IOException {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.redirectErrorStream(true).redirectOutput(log.toFile());
      return new Running(command, builder.start(), log);
    }

    String finish() throws IOException {
      try {
        int status = process.waitFor();
        String output = Files.readString(log);
        if (status != 0) {
          throw new IllegalStateException(
              "the command must succeed: command=" + command + ", output=" + output);
        }
        return output;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }
}
