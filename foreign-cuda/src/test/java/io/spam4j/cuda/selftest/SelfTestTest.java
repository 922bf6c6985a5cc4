package io.spam4j.cuda.selftest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.StandIn;
import io.spam4j.cuda.internal.Cublas;
import io.spam4j.cuda.internal.twins.OptimizerCase;
import io.spam4j.cuda.selftest.SelfTestReport.Result;
import io.spam4j.cuda.selftest.SelfTestReport.Row;
import io.spam4j.cuda.selftest.SelfTestReport.Section;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The self-test on the stand-in: it passes, and sees what is broken. */
final class SelfTestTest {
  private static final SelfTestOptions TINY = new SelfTestOptions(1000, 1, 2, 300);

  /** The epsilon of the global norm, 1e-6, and another one. */
  private static final String EPSILON = "0d3EB0C6F7A0B5ED8D";

  private static final String WRONG_EPSILON = "0d3F50624DD2F1A9FC";

  /** Runs it on a device whose handles are forgotten then, and with some optimizers. */
  private static SelfTestReport run(Supplier<String> kernels, String... optimizers) {
    StandIn standIn = StandIn.load();
    try (CudaDevice device = standIn.open(kernels)) {
      return SelfTest.run(device, TINY, Stream.of(optimizers).map(OptimizerCase::named).toList());
    } finally {
      standIn.reset();
    }
  }

  private static List<Row> rows(SelfTestReport report, Result result) {
    return report.sections().stream()
        .flatMap(section -> section.rows().stream())
        .filter(row -> row.result() == result)
        .toList();
  }

  private static Section section(SelfTestReport report, String name) {
    return report.sections().stream()
        .filter(section -> section.name().startsWith(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void kernels_thatAreShippedPass() {
    StandIn standIn = StandIn.load();
    SelfTestReport report;
    try (CudaDevice device = standIn.open()) {
      int before = StandIn.openCount(device);
      report = SelfTest.run(device, TINY);
      assertThat(StandIn.openCount(device)).as("what is still open").isEqualTo(before);
    }
    assertThat(standIn.reset()).as("handles that were not given back").isZero();

    assertThat(report.text()).endsWith("\nPASS\n");
    assertThat(report.passed()).isTrue();
    assertThat(rows(report, Result.SKIPPED)).isEmpty();
    assertThat(report.sections())
        .extracting(Section::name)
        .containsExactly(
            "binding",
            "bits, 2 steps",
            "reductions, 1000 elements",
            "checkpoints, after 2 steps, 10 more steps",
            "bandwidth, 1000 weights, best of 10 copies, median of 1 steps");
    assertThat(section(report, "binding").rows())
        .contains(
            new Row("runtime", Result.INFO, "13.0"),
            new Row("device", Result.INFO, "PTX stand-in"),
            new Row("kernels", Result.PASS, "number=13"));
    assertThat(section(report, "bits").rows())
        .hasSize(OptimizerCase.ALL.size() + 5)
        .allSatisfy(row -> assertThat(row.detail()).matches("[1-9][0-9]{2,} values equal"));
    assertThat(section(report, "reductions").rows())
        .contains(new Row("max", Result.PASS, "own=100.0, cublas=100.0 at 666"));
    assertThat(section(report, "checkpoints").rows()).hasSize(12);
    assertThat(section(report, "bandwidth").rows())
        .hasSize(11)
        .extracting(Row::detail)
        .last()
        .asString()
        .matches("[0-9]+\\.[0-9]{3} ms, [0-9]+\\.[0-9] GB/s, [0-9]+\\.[0-9] % of copies");
  }

  @Test
  void kernels_withAWrongConstantFail() {
    SelfTestReport report =
        run(
            () -> StandIn.kernels().replace(EPSILON, WRONG_EPSILON),
            "adamw",
            "global-norm",
            "z-clip",
            "norm-and-clip");

    assertThat(report.passed()).isFalse();
    assertThat(rows(report, Result.FAIL))
        .extracting(Row::name)
        .containsExactly("global-norm", "norm-and-clip");
    assertThat(rows(report, Result.FAIL).getFirst().detail())
        .matches(
            "KERNELS: [1-9][0-9]* of 1797 values differ, the first: weights of matrix at [0-9]+"
                + " after step 2: cpu=0x[0-9a-f]{8}, gpu=0x[0-9a-f]{8}");
    assertThat(report.text()).endsWith("\nFAIL: 2 of 32 checks failed\n");
  }

  @Test
  void kernel_thatLeavesItsMemoryFailsAllThatFollows() {
    SelfTestReport report =
        run(
            () ->
                StandIn.kernels()
                    .replaceFirst("shl\\.b64 (\\s+%rd\\d+, %rd\\d+), 2;", "shl.b64 $1, 30;"),
            "adam",
            "adamw",
            "adamw-amsgrad",
            "spam");

    List<Row> failed = rows(report, Result.FAIL);
    assertThat(failed.getFirst().name()).isEqualTo("adamw-amsgrad");
    assertThat(failed.getFirst().detail())
        .startsWith("io.spam4j.cuda.CudaException: ")
        .contains("status=cudaErrorIllegalAddress(700)");
    assertThat(section(report, "bits").rows())
        .extracting(Row::result)
        .startsWith(Result.PASS, Result.PASS, Result.FAIL)
        .endsWith(Result.FAIL);
    for (String later : List.of("reductions", "checkpoints", "bandwidth")) {
      assertThat(section(report, later).rows())
          .isNotEmpty()
          .allSatisfy(row -> assertThat(row.result()).isEqualTo(Result.FAIL));
    }
  }

  @Test
  void kernels_loadedByTheDriverTellNothing() {
    StandIn standIn = StandIn.load();
    standIn.runtime(12040);
    try (CudaDevice device = standIn.open()) {
      assertThat(SelfTest.binding(device).rows())
          .contains(
              new Row("runtime", Result.INFO, "12.4"),
              new Row(
                  "spam4j_fill", Result.PASS, "loaded by the driver, which tells nothing of it"));
    }
    assertThat(standIn.reset()).isZero();
  }

  @Test
  void blas_thatIsMissingIsSkipped() {
    StandIn standIn = StandIn.load();
    System.setProperty(Cublas.LIBRARY, "/nowhere/libcublas.so.13");
    try (CudaDevice device = standIn.open();
        CudaStream stream = device.stream()) {
      Section section = new ReductionCheck(device, stream, 100).run();

      assertThat(section.rows())
          .containsExactly(
              new Row(
                  "cublas",
                  Result.SKIPPED,
                  "no libcublas could be loaded: tried=[/nowhere/libcublas.so.13: cannot open"
                      + " shared object file: No such file or directory]; install cuBLAS 13, or set"
                      + " -Dspam4j.cuda.blas.library=/path/to/libcublas.so.13"));
    } finally {
      System.clearProperty(Cublas.LIBRARY);
    }
    assertThat(standIn.reset()).isZero();
  }

  @Test
  void rows_thatThrowHaveFailed() {
    SelfTestRows rows = new SelfTestRows();
    rows.add(
        "file",
        () -> {
          throw new IOException("disk full");
        });
    rows.add("fact", () -> SelfTestRows.Found.fact("1"));
    rows.add("check", () -> SelfTestRows.Found.check(true, "2"));
    SelfTestReport report = new SelfTestReport(List.of(rows.section("some")));

    assertThat(report.text())
        .isEqualTo(
            """
            some
              file   FAIL     java.io.IOException: disk full
              fact            1
              check  PASS     2
            FAIL: 1 of 2 checks failed
            """);
  }

  @Test
  void options_areChecked() {
    SelfTestOptions defaults = SelfTestOptions.defaults();

    assertThat(defaults.withWeights(5).withSteps(6))
        .isEqualTo(new SelfTestOptions(5, 6, 40, 70_001));
    assertThatThrownBy(() -> defaults.withWeights(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("weights must be at least 1: weights=0");
    assertThatThrownBy(() -> defaults.withSteps(-1))
        .hasMessage("steps must be at least 1: steps=-1");
  }
}
