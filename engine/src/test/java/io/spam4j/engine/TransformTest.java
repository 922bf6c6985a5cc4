package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Each gradient transform against numbers worked by hand, and what a step tells of it. */
final class TransformTest {
  private static final double CLOSE = 2e-7; // of a float, relative

  private static Parameter parameter(int number, float[] weights, long... shape) {
    return new Parameter("p" + number, Tensor.of(weights, shape));
  }

  private static List<Parameter> zeros(int... sizes) {
    return IntStream.range(0, sizes.length)
        .mapToObj(i -> parameter(i, new float[sizes[i]], sizes[i]))
        .toList();
  }

  private static void assertValues(float[] actual, double... expected) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).isCloseTo(expected[i], within(Math.abs(expected[i]) * CLOSE));
    }
  }

  @Test
  void globalNorm_isOfAllGradientsThatAreThere() {
    try (var probe = new Probe(zeros(2, 1, 3), GradientTransform.globalNorm(6.5))) {
      // norm 13
      StepReport report = probe.step(new float[] {3, 4}, new float[] {-12}, null);
      assertValues(probe.seen(0), 3 * 6.5 / 13.000001, 4 * 6.5 / 13.000001);
      assertValues(probe.seen(1), -12 * 6.5 / 13.000001);
      assertThat(report.gradientNorm()).isEqualTo(13);
      assertThat(report.gradientNorm(0)).isEqualTo(5);
      assertThat(report.gradientNorm(1)).isEqualTo(12);
      assertThat(report.gradientNorm(2)).isNaN();
      assertThat(report.gradientScale(1)).isEqualTo((float) (6.5 / 13.000001));
      assertThat(report.gradientScale(2)).isEqualTo(1);
      probe.step(new float[] {3, 4}, null, null); // norm 5
      assertValues(probe.seen(0), 3, 4);
      assertThat(report.gradientScale(0)).isEqualTo(1);
    }
  }

  @Test
  void value_thatIsLooserThanTheLimitOfAllGradients_doesNotLoosenIt() {
    try (var fused = new Probe(1, GradientTransform.value(1e30));
        var copied = new Probe(1, GradientTransform.value(1e35), GradientTransform.value(1e30))) {
      assertThat(fused.of(-1e25f)).containsExactly(-1e18f);
      assertThat(copied.of(-1e25f)).containsExactly(-1e18f);
      assertThat(fused.step(new float[] {1e25f}).clampedCoordinates()).isEqualTo(1);
    }
  }

  @Test
  void adaClip_lowersWhatIsAboveTheRunningMeanOfTheMaxima() {
    try (var probe = new Probe(3, GradientTransform.adaClip(0.5))) {
      StepReport report = probe.step(new float[] {1, -2, 0});
      assertValues(probe.seen(0), 1, -2, 0);
      assertThat(report.loweredCoordinates()).isEqualTo(0);
      // T = 1 after one step; T = 0.5 + 4 = 4.5, T^ = 4.5 / 0.75 = 6
      probe.step(new float[] {-8, 3, 7});
      assertValues(probe.seen(0), -6, 3, 7.0 / 8 * 6);
      assertThat(report.loweredCoordinates()).isEqualTo(2);
      assertThat(report.loweredCoordinates(0)).isEqualTo(2);
      assertThat(report.gradientScale(0)).isEqualTo(1);
      assertThat(report.clampedCoordinates()).isEqualTo(0);
      assertThat(probe.optimizer.scalars("p0"))
          .containsOnly(Map.entry("m_max_t", 4.5), Map.entry("m_max_count", 2.0));
    }
  }

  @Test
  void adaGN_givesTheGradientTheNormOfItsHistory() {
    try (var probe = new Probe(2, new GradientTransform.AdaGN(0.5, 0.75, 0.5, true))) {
      StepReport report = probe.step(new float[] {3, -4});
      // mu^ = 5, nu^ = 25
      assertValues(probe.seen(0), 0.6 * 5 / 5.5, -0.8 * 5 / 5.5);
      assertThat(report.gradientScale(0)).isEqualTo((float) (1 / 5.5));
      probe.step(new float[] {0, 10});
      // mu = 1.25 + 5, mu^ = 6.25 / 0.75; nu = 4.6875 + 25, nu^ = 29.6875 / 0.4375
      double target = 6.25 / 0.75 / (Math.sqrt(29.6875 / 0.4375) + 0.5);
      assertValues(probe.seen(0), 0, target);
      assertThat(probe.scalar("m_norm_t")).isEqualTo(6.25);
      assertThat(probe.scalar("v_norm_t")).isEqualTo(29.6875);
      assertThat(report.gradientNorm(0)).isEqualTo(10);
    }
  }

  @Test
  void gradientStabilizer_doesNotCountZeroNorms() {
    try (var probe = new Probe(1, GradientTransform.gradientStabilizer())) {
      assertValues(probe.of(2), 1); // 2 / (2 + 1e-12)
      StepReport report = probe.step(new float[] {0});
      assertThat(report.gradientScale(0)).isEqualTo(1);
      assertThat(probe.scalar("norm_count")).isEqualTo(1);
      // mu = 0.6 * 0.8 + 0.4 * 6, nu = 0.999 * 0.004 + 0.001 * 36
      double target = 2.88 / 0.64 / Math.sqrt(0.039996 / 0.001999);
      assertValues(probe.of(-6), -target);
      assertThat(probe.scalar("m_norm_t")).isCloseTo(2.88, within(1e-14));
    }
  }

  @Test
  void agc_limitsEachRowByTheNormOfItsWeights() {
    var parameters =
        List.of(
            parameter(0, new float[] {3, 4, 0, 0}, 2, 2),
            parameter(1, new float[] {3, 4}, 2),
            parameter(2, new float[] {-2}),
            parameter(3, new float[] {0, 0, 3, 4}, 2, 1, 2));
    try (var probe = new Probe(parameters, GradientTransform.agc())) {
      StepReport report =
          probe.step(
              new float[] {0.3f, 0.4f, 1e-6f, 0},
              new float[] {0, -0.5f},
              new float[] {0.02f},
              new float[] {1, 0, 0.03f, -0.04f});
      // rows 0.01 * 5 / 0.5, and 1e-6 below 0.01 * 1e-3
      assertValues(probe.seen(0), 0.03, 0.04, 1e-6, 0);
      assertValues(probe.seen(1), 0, -0.05); // a vector is one row
      assertValues(probe.seen(2), 0.02); // so is a scalar: 0.02 is not above 0.01 * 2
      assertValues(probe.seen(3), 1e-5, 0, 0.03, -0.04);
      assertThat(report.gradientNorm()).isNaN();
      assertThat(report.gradientScale(0)).isEqualTo(1);
    }
  }

  @Test
  void zClip_lowersANormThatIsAnOutlier_toTheReciprocalOfItsDistance() {
    try (var probe = new Probe(zeros(1, 1), new GradientTransform.ZClip(0.5, 2, 2))) {
      assertThat(probe.step(new float[] {1}, null).gradientScale(0)).isEqualTo(1);
      probe.step(new float[] {0}, new float[] {-3});
      assertThat(probe.scalar("zclip_mean")).isEqualTo(2); // of 1 and 3, deviation 1
      assertThat(probe.scalar("zclip_var")).isEqualTo(1);
      assertValues(probe.seen(1), -3);
      // norm 10, z = 8 / 1.000001, n' = 2 + 4 / z
      StepReport report = probe.step(new float[] {6}, new float[] {-8});
      double clipped = 2 + 4 / (8 / 1.000001);
      assertValues(probe.seen(0), 6 * clipped / 10.000001);
      assertValues(probe.seen(1), -8 * clipped / 10.000001);
      assertThat(report.gradientScale(1)).isEqualTo((float) (clipped / 10.000001));
      // mean = 1 + n' / 2, variance = 0.5 + (n' - mean)^2 / 2
      double mean = 1 + clipped / 2;
      double variance = 0.5 + (clipped - mean) * (clipped - mean) / 2;
      assertThat(probe.scalar("zclip_mean")).isCloseTo(mean, within(1e-15));
      assertThat(probe.scalar("zclip_var")).isCloseTo(variance, within(1e-15));
      probe.step(new float[] {0}, new float[] {3}); // z = 1.0: let through
      assertThat(report.gradientScale(1)).isEqualTo(1);
      assertThat(probe.scalar("zclip_mean")).isCloseTo((mean + 3) / 2, within(1e-15));
    }
  }

  @Test
  void stepWithoutAnyGradient_isNoNormOfZClip() {
    try (var probe = new Probe(1, GradientTransform.zClip())) {
      probe.of(2);
      probe.step((float[]) null);
      assertThat(probe.scalar("zclip_norms")).isEqualTo(1);
      assertThat(probe.scalar("zclip_mean")).isEqualTo(2);
    }
  }

  // ---- what is not there, or not finite

  @Test
  void tensorWithoutGradient_keepsItsHistory_andIsNotReported() {
    try (var probe =
        new Probe(zeros(2, 2), GradientTransform.adaClip(), GradientTransform.adaGN())) {
      float[] large = {3, -400};
      probe.step(large, large);
      StepReport report = probe.step(large, new float[] {300, -400});
      assertThat(report.gradientScale(0)).isNotEqualTo(1);
      var before = probe.optimizer.scalars("p0");
      probe.step(null, new float[] {1, 1});
      assertThat(probe.optimizer.scalars("p0")).isEqualTo(before);
      assertThat(report.gradientNorm(0)).isNaN();
      assertThat(report.gradientScale(0)).isEqualTo(1);
      assertThat(report.loweredCoordinates(0)).isEqualTo(0);
      assertThat(report.gradientNorm()).isEqualTo(Math.sqrt(2));
    }
  }

  @Test
  void skippedAndRefusedSteps_leaveTheHistoryAsItWas() {
    GradientTransform[] chain = {
      GradientTransform.adaClip(), GradientTransform.adaGN(), GradientTransform.zClip()
    };
    for (var policy : List.of(NonFinitePolicy.SKIP_STEP, NonFinitePolicy.THROW)) {
      try (var probe = new Probe(Probe.builder(chain).nonFinite(policy), zeros(2))) {
        probe.of(1, 2);
        Snapshot before = Snapshot.of(probe.optimizer);
        if (policy == NonFinitePolicy.THROW) {
          assertThatThrownBy(() -> probe.of(Float.NaN, 9))
              .hasMessage("gradients must be finite: step=2, coordinates=1, parameters=[p0]");
        } else {
          StepReport report = probe.step(new float[] {Float.NaN, 9});
          assertThat(report.isSkipped()).isTrue();
          assertThat(report.gradientScale(0)).isEqualTo(1);
        }
        Snapshot.of(probe.optimizer).assertSame(before);
      }
    }
  }

  @Test
  void gradientThatIsNowhereFinite_touchesNoHistory_A8() {
    GradientTransform[] chain = {
      GradientTransform.adaClip(), GradientTransform.adaGN(), new GradientTransform.ZClip(0.9, 1, 2)
    };
    try (var probe = new Probe(zeros(2), chain)) {
      for (int k = 1; k <= 4; k++) {
        probe.of(k, 2 * k);
        Map<String, Double> before = probe.optimizer.scalars("p0");
        StepReport report = probe.step(new float[] {Float.NaN, Float.POSITIVE_INFINITY});
        assertThat(probe.optimizer.scalars("p0")).isEqualTo(before);
        assertThat(report.skippedCoordinates()).isEqualTo(2);
        assertThat(report.gradientScale(0)).isEqualTo(1);
      }
    }
  }

  @Test
  void scalarsOfTransformsOfOneKind_haveNamesOfTheirOwn() {
    try (var probe =
        new Probe(2, GradientTransform.adaClip(0.5), GradientTransform.adaClip(0.75))) {
      probe.of(4, 2);
      assertThat(probe.scalar("m_max_t.1")).isEqualTo(2);
      assertThat(probe.scalar("m_max_t")).isEqualTo(1);
      assertThat(probe.optimizer.scalars("p0"))
          .containsOnlyKeys("m_max_t", "m_max_count", "m_max_t.1", "m_max_count.1");
    }
  }

  @Test
  void propagate_letsANaNStayInTheHistory() {
    try (var probe =
        new Probe(
            Probe.builder(GradientTransform.adaClip(), GradientTransform.adaGN())
                .nonFinite(NonFinitePolicy.PROPAGATE),
            zeros(2))) {
      probe.of(1, 2);
      probe.of(Float.NaN, 2);
      probe.of(1, 2);
      assertThat(probe.scalar("m_max_t")).isNaN();
      assertThat(probe.scalar("m_norm_t")).isNaN();
    }
  }

  // ---- cost

  @Test
  void step_withEveryTransform_allocatesNothingOnTheHeap() {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    var builder =
        StableSpam.builder()
            .transforms(
                GradientTransform.globalNorm(1),
                new GradientTransform.ZClip(0.9, 1, 2),
                GradientTransform.agc(),
                GradientTransform.value(0.01))
            .resetInterval(10)
            .betaSchedule(100, 0.5)
            .threads(2);
    try (var arena = Arena.ofShared()) {
      var parameters = List.of(offHeap(arena, 0, 10, 100), offHeap(arena, 1, 7));
      Map<String, Tensor> gradients =
          Map.of("p0", offHeap(arena, 0, 10, 100).weights(), "p1", offHeap(arena, 1, 7).weights());
      Gradients source = Gradients.of(gradients);
      try (var optimizer = builder.build(parameters)) {
        long allocated = 1;
        // Allocation ends when the compiler is done with the step; that is a matter of calls.
        for (int round = 0; round < 2000 && allocated > 0; round++) {
          long before = threads.getTotalThreadAllocatedBytes();
          long ownBefore = threads.getCurrentThreadAllocatedBytes();
          for (int i = 0; i < 20; i++) {
            optimizer.step(source);
          }
          long own = threads.getCurrentThreadAllocatedBytes() - ownBefore;
          allocated = Math.max(own, threads.getTotalThreadAllocatedBytes() - before);
        }
        assertThat(allocated).isEqualTo(0);
      }
    }
  }

  private static Parameter offHeap(Arena arena, int number, long... shape) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
    float[] values = Runs.draw(new Random(number), (int) tensor.elements(), 100);
    MemorySegment.copy(values, 0, tensor.memory(), ValueLayout.JAVA_FLOAT, 0, values.length);
    return new Parameter("p" + number, tensor);
  }
}
