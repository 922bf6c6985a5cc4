package io.spam4j.engine.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Drawn;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Probe;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.math.Correction;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The invariants A1 to A8 of AdaClip. */
final class AdaClipProperties {
  private static final double ULP = 0x1p-23;

  /** T^: a probe's threshold at its k-th gradient. */
  private static float threshold(Probe probe, double decay, long k, float first) {
    return k == 1 ? first : (float) (probe.scalar("m_max_t") / Correction.of(decay, k));
  }

  /** A1, A2, A3: M finite and not 0. */
  @Property(tries = 100, seed = "1")
  void a1ToA3_largestBecomesTheThreshold_andWhatIsBelowStays(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 60) int n,
      @ForAll @DoubleRange(min = 0, max = 0.99) double decay) {
    var random = new Random(seed);
    float least = Float.MAX_VALUE;
    float most = 0;
    try (var probe = new Probe(n, GradientTransform.adaClip(decay))) {
      for (int k = 1; k <= 40; k++) {
        float[] gradient = Drawn.spiky(random, n);
        float max = Drawn.maxAbs(gradient);
        float[] seen = probe.of(gradient);
        float t = threshold(probe, decay, k, max);
        assertThat(Drawn.maxAbs(seen)).isEqualTo(Math.min(max, t)); // A1
        least = Math.min(least, max);
        most = Math.max(most, max);
        assertThat((double) t).isBetween(least * (1 - ULP), most * (1 + ULP)); // A3
        for (int i = 0; i < n; i++) {
          if (Math.abs(gradient[i]) <= t) {
            assertThat(seen[i]).isEqualTo(gradient[i]); // A2
          } else {
            assertThat(seen[i]).isEqualTo(gradient[i] / max * t);
          }
        }
      }
    }
  }

  @Property(tries = 50, seed = "4")
  void a4_singleSpike_isDampedByTheDecay_notBounded(
      @ForAll @DoubleRange(min = 2, max = 1e6) double size,
      @ForAll @DoubleRange(min = 0.5, max = 0.98) double decay) {
    try (var probe = new Probe(1, GradientTransform.adaClip(decay))) {
      for (int k = 0; k < 1500; k++) { // 0.98^1500 < 1e-13
        probe.of(1);
      }
      double expected = 1 + (1 - decay) * ((float) size - 1);
      assertThat((double) probe.of((float) size)[0]).isCloseTo(expected, within(expected * ULP));
    }
  }

  /** A5: order is kept among what is lowered and among what is not, but not between them. */
  @Property(tries = 50, seed = "5")
  void a5_isMonotoneWithinSpikesAndWithinTheOthers(@ForAll long seed) {
    var random = new Random(seed);
    float[] gradient = new float[200];
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] = random.nextFloat() * 10;
    }
    Arrays.sort(gradient);
    try (var probe = new Probe(200, GradientTransform.adaClip(0.9))) {
      float[] one = new float[200];
      one[0] = 3;
      probe.of(one);
      float[] seen = probe.of(gradient);
      float t = threshold(probe, 0.9, 2, 0);
      for (int i = 1; i < seen.length; i++) {
        boolean across = gradient[i] > t && gradient[i - 1] <= t;
        if (across) {
          assertThat(seen[i]).isLessThan(seen[i - 1]);
        } else {
          assertThat(seen[i]).isGreaterThanOrEqualTo(seen[i - 1]);
        }
      }
      assertThat(t).isBetween(3f, 9f);
    }
  }

  /** A6: the factor is a power of two, without over- or underflow. */
  @Property(tries = 50, seed = "6")
  void a6_isEquivariant_underScalingOfTheHistory_andUnderPermutation(
      @ForAll long seed, @ForAll @IntRange(min = -30, max = 30) int exponent) {
    var random = new Random(seed);
    int n = 50;
    try (var plain = new Probe(n, GradientTransform.adaClip());
        var scaled = new Probe(n, GradientTransform.adaClip());
        var turned = new Probe(n, GradientTransform.adaClip())) {
      for (int k = 0; k < 20; k++) {
        float[] gradient = Drawn.spiky(random, n);
        float[] larger = new float[n];
        float[] backwards = new float[n];
        for (int i = 0; i < n; i++) {
          larger[i] = Math.scalb(gradient[i], exponent);
          backwards[i] = gradient[n - 1 - i];
        }
        float[] seen = plain.of(gradient);
        float[] seenLarger = scaled.of(larger);
        float[] seenBackwards = turned.of(backwards);
        for (int i = 0; i < n; i++) {
          assertThat(seenLarger[i]).isEqualTo(Math.scalb(seen[i], exponent));
          assertThat(seenBackwards[n - 1 - i]).isEqualTo(seen[i]);
        }
      }
    }
  }

  @Property(tries = 100, seed = "61")
  void a6_isIdempotent_forAThresholdThatStays(
      @ForAll long seed, @ForAll @DoubleRange(min = 0.01, max = 100) double threshold) {
    float[] gradient = Drawn.spiky(new Random(seed), 50);
    var op = new GradientOp(true);
    op.clipAbove = (float) threshold;
    op.divisor = Drawn.maxAbs(gradient);
    op.to = (float) threshold;
    op.apply(MemorySegment.ofArray(gradient), 50, null, 0, new UpdateTally());
    float[] once = gradient.clone();
    var again = new UpdateTally();
    op.apply(MemorySegment.ofArray(gradient), 50, null, 0, again);
    Snapshot.assertSame(gradient, once);
    assertThat(again.lowered).isEqualTo(0);
  }

  @Test
  void a7_zeroGradients_lowerTheThreshold_andNothingElse() {
    try (var probe = new Probe(2, GradientTransform.adaClip(0.75))) {
      assertThat(probe.step(new float[2]).loweredCoordinates()).isEqualTo(0);
      assertThat(probe.scalar("m_max_t")).isEqualTo(0);
      probe.of(8, -4);
      assertThat(probe.scalar("m_max_t")).isEqualTo(2);
      double expected = 2;
      for (int k = 3; k < 50; k++) {
        assertThat(probe.step(new float[2]).loweredCoordinates()).isEqualTo(0);
        expected *= 0.75;
        assertThat(probe.scalar("m_max_t")).isEqualTo(expected);
      }
      assertThat(probe.seen(0)).containsExactly(0, 0);
    }
  }

  /** A8, and the same of AdaGN: what is skipped might as well be 0. */
  @Property(tries = 50, seed = "8")
  void a8_nonFiniteCoordinates_doNotTouchTheHistory(@ForAll long seed) {
    var random = new Random(seed);
    int n = 40;
    var chain =
        new GradientTransform[] {
          GradientTransform.adaClip(0.9),
          GradientTransform.adaGN(),
          new GradientTransform.ZClip(0.9, 1, 2),
          GradientTransform.globalNorm(1)
        };
    try (var skips = new Probe(n, chain);
        var zeros = new Probe(n, chain)) {
      for (int k = 0; k < 20; k++) {
        float[] broken = Drawn.spiky(random, n);
        float[] zeroed = broken.clone();
        for (int i = 0; i < n; i++) {
          if (random.nextInt(5) == 0) {
            float[] bad = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
            broken[i] = bad[random.nextInt(3)];
            zeroed[i] = 0;
          }
        }
        StepReport report = skips.step(broken);
        zeros.step(zeroed);
        assertThat(skips.optimizer.scalars("p0")).isEqualTo(zeros.optimizer.scalars("p0"));
        long skipped = 0;
        for (int i = 0; i < n; i++) {
          if (Float.isFinite(broken[i])) {
            assertThat(skips.seen(0)[i]).isEqualTo(zeros.seen(0)[i]);
          } else {
            skipped++;
          }
        }
        assertThat(report.skippedCoordinates()).isEqualTo(skipped);
      }
    }
  }
}
