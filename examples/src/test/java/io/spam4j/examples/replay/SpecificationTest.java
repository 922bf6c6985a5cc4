package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The specifications are right: they retrace the runs of the original optimizers. */
final class SpecificationTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"spam-dense-f64", "stablespam-f64", "stablespam-totalT-f64"})
  void doubleTrace_isRetraced(String name) throws IOException {
    assertRetraced(Golden.file(name), 1e-13, 1e-13);
  }

  /**
   * The traces in float32 are as far away as their rounding explains, and the tolerances twice to
   * four times that. It adds up where a run multiplies by the same rounded constant at every step:
   * Lion's steps of 0.001 go to 3.1e-6, and 0.999 as a float is 1.3e-8 too large, which makes the
   * second moments of 499 steps without a reset 6.4e-6 too large.
   */
  @ParameterizedTest
  @CsvSource({
    "adafactor-beta1-f32, 3e-6, 3e-6",
    "adafactor-f32, 1.5e-6, 8e-7",
    "adafactor-relative-f32, 1e-6, 1e-6",
    "adam-amsgrad-f32, 1.5e-6, 4e-6",
    "adam-f32, 1.5e-6, 4e-6",
    "adam-mini-f32, 1e-6, 2e-6",
    "adam-mini-wd-f32, 3e-6, 2e-6",
    "adamw-f32, 3e-6, 3e-6",
    "lion-f32, 5e-6, 1.5e-6",
    "spam-defaults-f32, 3e-6, 1.3e-5",
    "spam-dense-f32, 1.5e-6, 1.5e-6",
    "spam-dense-wd-f32, 1.5e-6, 1.5e-6",
    "spam-sparse-f32, 1e-6, 2e-6",
    "stablespam-f32, 1.5e-6, 2.5e-6",
    "stablespam-totalT-f32, 1e-6, 2.5e-6",
  })
  void floatTrace_isRetraced(String name, double weights, double state) throws IOException {
    assertRetraced(Golden.file(name), weights, state);
  }

  @Test
  void traceOfMaskedAndDenseParameters_isRetraced() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Path file = folder.resolve("mixed.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      Safetensors sparse = Safetensors.open(Golden.file("spam-sparse-f32"), arena);
      Safetensors dense = Safetensors.open(Golden.file("spam-dense-f32"), arena);
      sparse.names().forEach(name -> tensors.put(name, sparse.tensor(name)));
      // p0 and p1 are masked, so the dense ones follow as p2, p3 and p4
      dense
          .names()
          .forEach(
              name ->
                  tensors.put(
                      "p" + (name.charAt(1) - '0' + 2) + name.substring(2), dense.tensor(name)));
      Safetensors.write(file, tensors, sparse.metadata());
    }
    assertRetraced(file, 1.5e-6, 2e-6);
  }

  @ParameterizedTest
  @CsvSource({
    "adafactor-beta1-f32, 3e-6, 3e-6",
    "adam-amsgrad-f32, 1.5e-6, 4e-6",
    "adam-mini-wd-f32, 3e-6, 2e-6",
    "lion-f32, 5e-6, 1.5e-6"
  })
  void stepsWithoutGradients_areAsIfTheyWereNotThere(String name, double weights, double state)
      throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Path file = folder.resolve("halting.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      Safetensors golden = Safetensors.open(Golden.file(name), arena);
      // step t becomes step 2t, and after step 2t + 1, without a gradient, all is as before
      for (String tensor : golden.names()) {
        int dot = tensor.lastIndexOf('.') + 1;
        if (tensor.endsWith(".init")) {
          tensors.put(tensor, golden.tensor(tensor));
          continue;
        }
        int step = 2 * Integer.parseInt(tensor.substring(dot));
        tensors.put(at(tensor.substring(0, dot), step), golden.tensor(tensor));
        if (!tensor.contains(".grad.")) {
          tensors.put(at(tensor.substring(0, dot), step + 1), golden.tensor(tensor));
        }
      }
      Map<String, String> metadata = new LinkedHashMap<>(golden.metadata());
      metadata.computeIfPresent("steps", (_, steps) -> "" + 2 * Integer.parseInt(steps));
      Safetensors.write(file, tensors, metadata);
    }
    assertRetraced(file, weights, state);
  }

  private static String at(String prefix, int step) {
    return prefix + String.format(Locale.ROOT, "%04d", step);
  }

  private static void assertRetraced(Path file, double weights, double state) throws IOException {
    Retrace retrace = Retrace.of(file);
    assertThat(retrace.unread).isEmpty();
    assertThat(retrace.errors).containsKey("param").hasSizeGreaterThan(1);
    retrace.errors.forEach(
        (kind, error) ->
            assertThat(error).as(kind).isLessThanOrEqualTo(kind.equals("param") ? weights : state));
  }

  static Stream<Specification> everyKind() {
    var adamW = new AdamSpecification(1, -2);
    adamW.decoupled = true;
    adamW.weightDecay = 0.1;
    var adafactor = new AdafactorSpecification(new long[] {1, 2}, 1, -2);
    adafactor.beta1 = 0.9;
    return Stream.of(
        adamW,
        new SpamSpecification(1, -2),
        new StableSpamSpecification(1, -2),
        StableSpamSpecification.reference(1, -2),
        adafactor,
        new LionSpecification(1, -2),
        new AdamMiniSpecification(1, 1, -2));
  }

  @ParameterizedTest
  @MethodSource("everyKind")
  void tensorWithoutAGradient_staysAsItIs(Specification spec) {
    spec.step(new double[] {1, 2});
    double[] weights = spec.w().clone();
    Map<String, double[]> state = new LinkedHashMap<>();
    spec.state().forEach((name, values) -> state.put(name, values.clone()));
    assertThat(weights).isNotEqualTo(new double[] {1, -2});
    spec.step(null);
    assertThat(spec.w()).isEqualTo(weights);
    assertThat(spec.state()).hasSameSizeAs(state);
    spec.state().forEach((name, values) -> assertThat(values).as(name).isEqualTo(state.get(name)));
  }
}
