package io.spam4j.examples.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.cuda.CudaAvailability;
import io.spam4j.cuda.CudaAvailability.Available;
import io.spam4j.cuda.CudaAvailability.Unavailable;
import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.selftest.SelfTestOptions;
import io.spam4j.cuda.selftest.SelfTestReport;
import io.spam4j.cuda.selftest.SelfTestReport.Result;
import io.spam4j.cuda.selftest.SelfTestReport.Row;
import io.spam4j.cuda.selftest.SelfTestReport.Section;
import io.spam4j.examples.shell.Screen;
import io.spam4j.examples.shell.Shell;
import io.spam4j.examples.shell.Terminal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What the command prints and exits with; the self-test itself is tested in foreign-cuda. */
class CudaSelftestCommandTest {
  private static final Available GPU = new Available(1, 13000, 13000);

  private final Screen screen = new Screen();
  private final List<SelfTestOptions> asked = new ArrayList<>();

  private int run(CudaAvailability availability, Result result, String... arguments) {
    Terminal terminal = screen.terminal(false);
    CudaSelftestCommand command =
        new CudaSelftestCommand(
            terminal,
            () -> availability,
            options -> {
              asked.add(options);
              return new SelfTestReport(
                  List.of(new Section("bits", List.of(new Row("adam", result, "3 values")))));
            });
    return Shell.configured(new CommandLine(command), terminal).execute(arguments);
  }

  @Test
  void pass_isZero() {
    assertThat(run(GPU, Result.PASS)).isZero();

    assertThat(asked).containsExactly(SelfTestOptions.defaults());
    assertThat(screen.out())
        .isEqualTo(
            """
            bits
              adam  PASS     3 values
            PASS
            """);
    assertThat(screen.err()).isEmpty();
  }

  @Test
  void fail_isOne() {
    assertThat(run(GPU, Result.FAIL, "--weights", "5", "--steps", "6")).isEqualTo(1);

    assertThat(asked).containsExactly(new SelfTestOptions(5, 6, 40, 70_001));
    assertThat(screen.out()).endsWith("\nFAIL: 1 of 1 checks failed\n");
  }

  @Test
  void json_hasTheVerdictAndEveryRow() {
    assertThat(run(GPU, Result.FAIL, "--json")).isEqualTo(1);

    assertThat(screen.out().replaceAll("\\s+", ""))
        .isEqualTo(
            """
            {"verdict":"FAIL:1of1checksfailed","report":{"sections":[{"name":"bits","rows":[
            {"name":"adam","result":"FAIL","detail":"3values"}]}]}}\
            """
                .replace("\n", ""));
  }

  @Test
  void noGpu_isThreeWithTheReason() {
    assertThat(run(new Unavailable("the reason", "the remedy"), Result.PASS)).isEqualTo(3);

    assertThat(asked).isEmpty();
    assertThat(screen.out()).isEmpty();
    assertThat(screen.err()).isEqualTo("spam4j: no GPU can be used: the reason\n  the remedy\n");
  }

  @Test
  void noGpu_onThisHost() {
    assumeTrue(
        CudaDevice.availability() instanceof Unavailable, "this host has a GPU: nothing to refuse");

    var command = new CommandLine(new CudaSelftestCommand(screen.terminal(false)));

    assertThat(command.execute()).isEqualTo(3);

    assertThat(screen.err()).startsWith("spam4j: no GPU can be used: ").contains("\n  ");
  }

  @Test
  void options_outOfTheirRangeAreWrongUsage() {
    assertThat(run(GPU, Result.PASS, "--weights", "0")).isEqualTo(2);

    assertThat(asked).isEmpty();
    assertThat(screen.err())
        .isEqualTo(
            """
            spam4j: weights must be at least 1: weights=0
              see: ./cuda-selftest --help
            """);
  }
}
