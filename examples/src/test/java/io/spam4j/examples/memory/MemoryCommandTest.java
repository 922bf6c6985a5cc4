package io.spam4j.examples.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.models.LlamaModel;
import io.spam4j.examples.models.ModelWeight;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
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
    long index = bytes(sparse[3]);
    assertThat((double) index / selected).isBetween(0.2, 1.0);
  }

  @Test
  void density_isTheOneAskedFor() {
    assertThat(memory("--model", "60m", "--density", "0.01")).isEqualTo(0);
    String[] sparse = cells("spam, d = 0.0100");
    double perSelected = bytes(sparse[3]) / (0.01 * 25_296_896);
    assertThat(perSelected).isBetween(0.8, 1.1);
  }

  @Test
  void lines_takeABitEachOrLess() {
    assertThat(memory("--model", "60m", "--density", "0.25", "--lines", "32")).isEqualTo(0);
    String[] sparse = cells("spam, d = 0.2500, lines of 32");
    assertThat(bytes(sparse[3]) / (25_296_896 / 32 / 8.0)).isBetween(0.9, 1.1);

    assertThat(memory("--lines", "12")).isNotEqualTo(0);
    assertThat(err.toString())
        .contains("lines must be a power of two in [8, 4096], or 1 for single weights: lines=12");
  }

  @Test
  void formats_areThoseAskedFor_asFarAsAnOptimizerHasThem() {
    assertThat(memory("--weights", "bf16", "--state", "int8")).isEqualTo(0);

    assertThat(out.toString())
        .contains("\nbytes, weights and gradients bf16, moments int8:\n")
        .contains(
            """

            exact weights: their other 16 bits are state, counted with the moments
            marked f32: these optimizers have no other format, so they are counted in float32

            """);
    long halves = 2 * 58_073_600L;
    long moments = 0;
    for (ModelWeight weight : LlamaModel.named("60m").weights()) {
      moments += 2 * weight.elements() + 4 * ((weight.elements() + 127) / 128);
    }
    assertThat(cells("adamw")).startsWith(number(halves), number(halves), number(moments), "0");
    assertThat(cells("spam"))
        .startsWith(number(halves), number(halves), number(moments), "0")
        .hasSize(7);
    assertThat(cells("spam, exact weights"))
        .startsWith(number(halves), number(halves), number(moments + halves), "0");
    assertThat(cells("adam, amsgrad, f32 state"))
        .startsWith(number(halves), number(halves), number(6 * halves), "0");
    assertThat(cells("lion, f32 state"))
        .startsWith(number(halves), number(halves), number(2 * halves), "0");
    assertThat(optimizers())
        .containsExactly(
            "adamw",
            "adam, amsgrad, f32 state",
            "spam",
            "spam, exact weights",
            "spam, d = 0.3225",
            "stable-spam",
            "stable-spam, d = 0.3225",
            "adafactor, all f32",
            "adam-mini, all f32",
            "lion, f32 state",
            "sgd, momentum, f32 state");
    String[] spam = cells("spam");
    long scratch = bytes(spam[4]);
    assertThat(bytes(spam[5])).isEqualTo(2 * halves + moments + scratch);
    assertThat(bytes(spam[6])).isEqualTo(halves + moments + scratch);
  }

  @Test
  void state_inBfloat16_leavesTheWeightsAsTheyAre() {
    assertThat(memory("--state", "bf16")).isEqualTo(0);

    assertThat(out.toString())
        .contains("\nbytes, weights and gradients f32, moments bf16:\n")
        .contains("\n\nmarked f32: ");
    long weights = 4 * 58_073_600L;
    assertThat(cells("stable-spam"))
        .startsWith(number(weights), number(weights), number(weights), "0");
    assertThat(cells("lion, f32 state"))
        .startsWith(number(weights), number(weights), number(weights), "0");
    assertThat(optimizers()).doesNotContain("spam, exact weights");
  }

  @Test
  void formats_areFloat32UnlessToldOtherwise() {
    assertThat(memory()).isEqualTo(0);

    assertThat(out.toString())
        .contains("\nbytes, weights and gradients f32, moments f32:\n")
        .doesNotContain("marked f32", "exact weights");
    assertThat(optimizers())
        .containsExactly(
            "adamw",
            "adam, amsgrad",
            "spam",
            "spam, d = 0.3225",
            "stable-spam",
            "stable-spam, d = 0.3225",
            "adafactor",
            "adam-mini",
            "lion",
            "sgd, momentum");
  }

  @Test
  void help_namesTheFormats() {
    assertThat(memory("--help")).isEqualTo(0);

    assertThat(out.toString().replaceAll("\\s+", " "))
        .contains("--weights=FORMAT Of weights and gradients: f32 or bf16 (default: f32).")
        .contains("--state=FORMAT Of moments: f32, bf16 or int8,");
  }

  @Test
  void wrongValues_areRefused() {
    assertThat(memory("--model", "7t")).isEqualTo(2);
    assertThat(memory("--density", "0")).isEqualTo(2);
    assertThat(memory("--density", "2", "--weights", "bf16", "--state", "bf16")).isEqualTo(2);
    assertThat(memory("--weights", "int8")).isEqualTo(2);
    assertThat(memory("--state", "F32")).isEqualTo(2);
    assertThat(err.toString())
        .contains("model must be one of 60m, 130m, 350m, 1b, llama2-7b: model=7t")
        .contains(
            "density must be in (0, 1]; to leave a parameter as it is do not list it: density=0.0")
        .contains(
            "density must be in (0, 1]; to leave a parameter as it is do not list it: density=2.0")
        .contains("weights must be one of f32, bf16: weights=int8")
        .contains("state must be one of f32, bf16, int8: state=F32");
  }

  /** The first cells of the table in bytes. */
  private List<String> optimizers() {
    return out.toString()
        .lines()
        .dropWhile(line -> !line.startsWith("optimizer "))
        .skip(1)
        .takeWhile(line -> !line.isEmpty())
        .map(line -> line.replaceFirst(" {2,}.*", ""))
        .toList();
  }

  private static long bytes(String cell) {
    return Long.parseLong(cell.replace(",", ""));
  }

  private static String number(long value) {
    return String.format(java.util.Locale.ROOT, "%,d", value);
  }
}
