package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the PTX that is shipped may contain, so that a GPU gives the bits that Java gives. */
class KernelPtxTest {
  private static final Path SOURCES = Path.of("src", "main", "cuda");

  /** The bytes of each parameter of each kernel. */
  private static final Map<String, List<Integer>> ENTRIES =
      Map.ofEntries(
          Map.entry("spam4j_update", List.of(8, 8, 8, 8)),
          Map.entry("spam4j_update_sparse", List.of(8, 8, 8, 8)),
          Map.entry("spam4j_amsgrad", List.of(8, 8, 8)),
          Map.entry("spam4j_tally", List.of(8, 8, 8, 8)),
          Map.entry("spam4j_measure", List.of(8, 8, 8)),
          Map.entry("spam4j_measure_again", List.of(8, 8, 8, 8)),
          Map.entry("spam4j_rescale", List.of(8, 8, 8, 4, 8)),
          Map.entry("spam4j_measure_sum", List.of(8, 8, 8)),
          Map.entry("spam4j_measure_total", List.of(8, 8, 4)),
          Map.entry("spam4j_decide_tensors", List.of(8, 8, 8, 8, 8, 4)),
          Map.entry("spam4j_decide_norm", List.of(8, 8, 8, 8, 8, 8, 4)),
          Map.entry("spam4j_fill", List.of(8, 8, 4)),
          Map.entry("spam4j_remap", List.of(8, 8, 8)));

  private static final Set<String> ROUNDED = Set.of("add", "sub", "mul", "div", "sqrt");

  /** No fma, no shuffle, no approximation; float minimum and maximum drop NaN. */
  private static final Set<String> OPCODES =
      Set.of(
          "add", "sub", "mul", "div", "sqrt", "min", "max", "and", "or", "xor", "not", "shl", "shr",
          "setp", "selp", "mov", "cvt", "cvta", "ld", "st", "atom", "bar", "bra", "ret");

  /** To a wider float exactly, to a narrower one to nearest, and of whole numbers to integers. */
  private static final Set<String> CONVERSIONS =
      Set.of("cvt.f64.f32", "cvt.rn.f32.f64", "cvt.rzi.s64.f64");

  private static final Set<String> FORBIDDEN =
      Set.of("approx", "ftz", "full", "rz", "rm", "rp", "sat");

  private static final Pattern INSTRUCTION =
      Pattern.compile("^\\s+(?:@!?%p\\d+\\s+)?([a-z][a-z0-9_]*(?:\\.[a-z0-9_]+)*)\\b.*;$");
  private static final Pattern NO_INSTRUCTION =
      Pattern.compile("|\\s*//.*|\\s*\\..*|\\$L\\w+:.*|[(){}]");
  private static final Pattern ENTRY =
      Pattern.compile("\\.entry (\\w+)\\(([^)]*)\\)(\\s*\\.maxntid 256, 1, 1)?");
  private static final Pattern PARAMETER = Pattern.compile("\\.param \\.[uf](\\d+) ");
  private static final Pattern SOURCE = Pattern.compile("// source (\\S+) sha256 ([0-9a-f]{64})");

  @TempDir private Path folder;
  private String ptx = "";

  @BeforeEach
  void read() throws IOException {
    try (var in = KernelPtxTest.class.getResourceAsStream("/io/spam4j/cuda/spam4j.ptx")) {
      assertThat(in).isNotNull();
      ptx = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  /** The instructions that a GPU might round otherwise than Java does, or that are not known. */
  private static List<String> violations(String ptx) {
    List<String> violations = new ArrayList<>();
    int instructions = 0;
    for (String line : ptx.lines().toList()) {
      Matcher matcher = INSTRUCTION.matcher(line);
      if (!matcher.matches()) {
        if (!NO_INSTRUCTION.matcher(line).matches()) {
          violations.add(line);
        }
        continue;
      }
      instructions++;
      String instruction = matcher.group(1);
      List<String> parts = List.of(instruction.split("\\."));
      String opcode = parts.getFirst();
      boolean isFloat = parts.contains("f32") || parts.contains("f64");
      boolean bad =
          !OPCODES.contains(opcode)
              || parts.stream().anyMatch(FORBIDDEN::contains)
              || (isFloat && ROUNDED.contains(opcode) && !parts.contains("rn"))
              || (isFloat && (opcode.equals("min") || opcode.equals("max")))
              || (isFloat && opcode.equals("cvt") && !CONVERSIONS.contains(instruction))
              || (isFloat && opcode.equals("atom"));
      if (bad) {
        violations.add(instruction);
      }
    }
    assertThat(instructions).as("instructions found").isGreaterThan(1000);
    return violations;
  }

  @Test
  void instructions_areExactOnes() {
    assertThat(violations(ptx)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "mul.rn.f32, mul.f32",
    "mul.rn.f32, mul.rn.ftz.f32",
    "add.rn.f32, add.rz.f32",
    "add.rn.f64, add.rm.f64",
    "add.rn.f32, add.rn.sat.f32",
    "div.rn.f32, div.approx.f32",
    "div.rn.f32, div.full.f32",
    "sqrt.rn.f32, sqrt.approx.ftz.f32",
    "mul.rn.f32, fma.rn.f32",
    "mul.rn.f32, mad.rn.f32",
    "max.u32, max.f32",
    "mov.u32, shfl.sync.bfly.b32",
    "and.b32, copysign.f32",
    "div.rn.f64, div.rz.f64",
    "sqrt.rn.f64, rsqrt.approx.f64",
    "cvt.f64.f32, cvt.rn.ftz.f32.f64",
    "cvt.rn.f32.f64, cvt.rz.f32.f64",
    "cvt.rzi.s64.f64, cvt.rni.s64.f64",
    "atom.shared.add.u32, atom.shared.add.f32",
  })
  void instructions_inexactOneIsFound(String exact, String inexact) {
    String broken = ptx.replaceFirst("\t" + Pattern.quote(exact), "\t" + inexact);

    assertThat(violations(broken)).containsExactly(inexact);
  }

  @Test
  void module_isForEveryGpuSincePascal() {
    assertThat(ptx.lines().filter(line -> line.matches("\\.(version|target|address_size) .*")))
        .containsExactly(".version 6.3", ".target sm_60", ".address_size 64");
    assertThat(ptx).doesNotContain(".extern", ".func", ".local").isASCII();
  }

  @Test
  void entries_areThoseThatAreLaunched() {
    Map<String, List<Integer>> entries = new TreeMap<>();
    Matcher entry = ENTRY.matcher(ptx);
    while (entry.find()) {
      assertThat(entry.group(3)).as("threads of %s", entry.group(1)).isNotNull();
      List<Integer> bytes = new ArrayList<>();
      PARAMETER
          .matcher(entry.group(2))
          .results()
          .forEach(parameter -> bytes.add(Integer.parseInt(parameter.group(1)) / Byte.SIZE));
      entries.put(entry.group(1), bytes);
    }

    assertThat(entries).isEqualTo(ENTRIES);
  }

  @Test
  void header_namesTheSourcesAsTheyAre() throws IOException, NoSuchAlgorithmException {
    Map<String, String> named = new TreeMap<>();
    SOURCE.matcher(ptx).results().forEach(m -> named.put(m.group(1), m.group(2)));

    Map<String, String> actual = new TreeMap<>();
    try (var files = Files.list(SOURCES)) {
      for (Path file : files.filter(f -> f.toString().matches(".*\\.(cu|h)")).toList()) {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        actual.put(String.valueOf(file.getFileName()), HexFormat.of().formatHex(digest));
      }
    }
    assertThat(named).as("run src/main/cuda/build.sh").isEqualTo(actual).isNotEmpty();
  }

  @Test
  void resource_isWhatTheCompilerMakes() throws IOException, InterruptedException {
    Matcher compiler = Pattern.compile("// compiler clang (\\S+)").matcher(ptx);
    assertThat(compiler.find()).isTrue();
    String version = installedCompiler();
    assumeTrue(
        version.equals(compiler.group(1)),
        "the PTX is not recompiled: made with clang "
            + compiler.group(1)
            + ", installed as clang-16 is "
            + version);
    Path fresh = folder.resolve("fresh.ptx");

    Process build =
        new ProcessBuilder("sh", SOURCES.resolve("build.sh").toString(), fresh.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(build.waitFor()).as(output).isZero();
    assertThat(Files.readString(fresh)).as("run src/main/cuda/build.sh").isEqualTo(ptx);
  }

  private static String installedCompiler() throws InterruptedException {
    try {
      Process process = new ProcessBuilder("clang-16", "-dumpversion").start();
      String version = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? version.strip() : "none";
    } catch (IOException e) {
      return "none";
    }
  }
}
