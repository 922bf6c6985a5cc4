package io.spam4j.examples.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class MemoryCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int memory(String... arguments) {
    return new CommandLine(new MemoryCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  private String[] cells(String line) {
    return out.toString()
        .lines()
        .filter(text -> text.startsWith(line + "  "))
        .findFirst()
        .orElseThrow()
        .substring(line.length())
        .strip()
        .split("\\s+");
  }

  @Test
  void sixtyMillion_countsWhatTheEngineHolds() {
    assertThat(memory("--model", "60m")).isEqualTo(0);
    assertThat(out.toString())
        .contains("60m: 58,073,600 weights, 25,296,896 of them in attention and feed-forward")
        .contains("density that equals GaLore at rank 128: 0.3225388601036269")
        .contains("density here: 0.3225388601036269")
        .contains("adam: 348,441,600 bytes, 0.348 GB, 0.325 GiB")
        .contains("spam at d = 0.3225388601036269: 279,890,944 bytes, 0.280 GB, 0.261 GiB");
    long weights = 4L * 58_073_600;
    assertThat(cells("adamw"))
        .startsWith(number(weights), number(weights), number(2 * weights), "0");
    String[] sparse = cells("spam, d = 0.3225");
    // floor(d n) of each of 56 tensors, two moments of 4 bytes
    long dense = 58_073_600 - 25_296_896;
    long selected = 0;
    double d = 0.3225388601036269;
    for (ModelWeight weight : LlamaModel.named("60m").weights()) {
      selected += weight.target() ? (long) (d * weight.elements()) : 0;
    }
    assertThat(sparse[2]).isEqualTo(number(8 * (dense + selected)));
    long index = Long.parseLong(sparse[3].replace(",", ""));
    assertThat((double) index / selected).isBetween(0.2, 1.0);
  }

  @Test
  void density_isTheOneAskedFor() {
    assertThat(memory("--model", "60m", "--density", "0.01")).isEqualTo(0);
    String[] sparse = cells("spam, d = 0.0100");
    double perSelected = Long.parseLong(sparse[3].replace(",", "")) / (0.01 * 25_296_896);
    assertThat(perSelected).isBetween(0.8, 1.1);
  }

  @Test
  void wrongValues_areRefused() {
    assertThat(memory("--model", "7t")).isEqualTo(2);
    assertThat(memory("--density", "0")).isEqualTo(2);
    assertThat(err.toString())
        .contains("model must be one of 60m, 130m, 350m, 1b, llama2-7b: model=7t")
        .contains("density must be in (0, 1]");
  }

  private static String number(long value) {
    return String.format(java.util.Locale.ROOT, "%,d", value);
  }
}
