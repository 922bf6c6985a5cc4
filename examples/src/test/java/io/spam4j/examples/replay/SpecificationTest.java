package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The specification is right: it retraces the authors' runs in float64. */
final class SpecificationTest {
  private static final double TOLERANCE = 1e-13;

  @Test
  void denseTraceInDouble_isRetraced() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Trace trace = Trace.open(Golden.file("spam-dense-f64"), arena);
      assertThat(trace.dtype()).isEqualTo(DType.F64);
      Map<String, String> options = trace.metadata();
      int compared = 0;
      for (int i = 0; i < trace.parameters(); i++) {
        var spec = Specification.spam(doubles(trace.init(i)));
        spec.lr = Double.parseDouble(options.get("lr"));
        spec.n = Integer.parseInt(options.get("warmup_steps"));
        spec.theta = Double.parseDouble(options.get("threshold"));
        spec.dT = Integer.parseInt(options.get("DeltaT"));
        spec.grace = Integer.parseInt(options.get("grad_accu_steps"));
        for (int t = 0; t < trace.steps(); t++) {
          Tensor gradient = trace.gradient(i, t);
          spec.step(gradient == null ? null : doubles(gradient));
          compared += assertClose(trace.find(i, "param", t), spec.w);
          compared += assertClose(trace.find(i, "exp_avg", t), spec.m);
          compared += assertClose(trace.find(i, "exp_avg_sq", t), spec.v);
        }
      }
      assertThat(compared).isEqualTo(3 * 120 * 3); // parameters, steps, tensors
    }
  }

  private static int assertClose(@Nullable Tensor expected, double[] actual) {
    if (expected == null) {
      return 0;
    }
    double scale = 0;
    double difference = 0;
    double[] values = doubles(expected);
    for (int i = 0; i < values.length; i++) {
      scale = Math.max(scale, Math.abs(values[i]));
      difference = Math.max(difference, Math.abs(values[i] - actual[i]));
    }
    assertThat(difference).isLessThanOrEqualTo(TOLERANCE * scale);
    return 1;
  }

  private static double[] doubles(Tensor tensor) {
    return tensor.memory().toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
  }

  @Test
  void spamSpecSectionSix_isRetraced() {
    var spec = Specification.spam(.5, -.25, 1, -2);
    spec.lr = .01;
    spec.weightDecay = .1;
    spec.n = 10;
    spec.theta = 50;
    spec.dT = 60;
    for (int t = 1; t <= 200; t++) {
      spec.step(golden(t));
      switch (t) {
        case 25 ->
            assertVector(
                spec.w,
                .3996717624824863,
                -.1886234158362486,
                1.0421267918497912,
                -1.9951872439188605);
        case 60 ->
            assertVector(
                spec.w,
                .36716473948052464,
                -.18314361287861583,
                1.0133927268938825,
                -1.920495397650582);
        case 61 ->
            assertVector(
                spec.w,
                .3671088283877744,
                -.18273216040093537,
                1.0120723307774908,
                -1.9182635631290061);
        case 200 ->
            assertVector(
                spec.w,
                .5114594615158754,
                -.08722148514440525,
                .7216684699016391,
                -1.6136672685343405);
        default -> {}
      }
    }
  }

  /** The gradients of the golden vectors of spam-spec 6. */
  private static double[] golden(int t) {
    double[] g = new double[4];
    for (int i = 0; i < 4; i++) {
      g[i] = Math.floorMod(t * 7919L + i * 104729L, 2003) - 1001;
      g[i] = g[i] / 1000 * Math.pow(10, -(i % 3));
    }
    if (t == 25 || t == 47 || t == 75 || t == 130 || t == 131) {
      g[1] *= 1e4;
    }
    if (t == 33 || t == 90) {
      g[2] = 0;
    }
    return g;
  }

  private static void assertVector(double[] actual, double... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(1e-14));
    }
  }

  @Property(tries = 100, seed = "6")
  void s6_constantGradient_followsTheClosedForm(
      @ForAll @DoubleRange(min = -10, max = 10) double g,
      @ForAll @IntRange(min = 21, max = 60) int interval) {
    var spec = Specification.spam(0);
    spec.dT = interval;
    spec.n = 15;
    for (int t = 1; t <= 200; t++) {
      double before = spec.w[0];
      spec.step(new double[] {g});
      int k = t < interval ? t : t % interval + 1;
      double m = g * (1 - Math.pow(.9, k));
      double v = g * g * (1 - Math.pow(.999, k));
      double correction = Math.sqrt(1 - Math.pow(.999, t)) / (1 - Math.pow(.9, t));
      double expected = -spec.lr * spec.warmup() * correction * m / (Math.sqrt(v) + spec.eps);
      assertThat(spec.w[0] - before).isCloseTo(expected, within(1e-13));
    }
  }
}
