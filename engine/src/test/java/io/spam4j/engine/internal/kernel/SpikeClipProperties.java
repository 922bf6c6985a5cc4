package io.spam4j.engine.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.testing.TestOperands;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;

/**
 * The invariants C1 to C10 and C12 of the spike clip C(g, v). C11, the gate, is in TimelineTest and
 * SpamProperties. Written for float32 arithmetic, they hold exactly unless a bound is given.
 */
final class SpikeClipProperties {
  private static final int TRIES = 20_000;

  private static UpdateCoefficients theta(float theta) {
    var c = new UpdateCoefficients();
    c.spikeThreshold = theta;
    return c;
  }

  private static float clip(float g, float v, UpdateCoefficients c) {
    return UpdateScalar.isSpike(g * g, v, c) ? UpdateScalar.clip(g, v, c) : g;
  }

  private static void assertSameBits(float actual, float expected) {
    assertThat(Float.floatToIntBits(actual)).isEqualTo(Float.floatToIntBits(expected));
  }

  /** Every finite float is as likely as every other; small and large, subnormal, both zeros. */
  @Provide
  Arbitrary<Float> finite() {
    return Arbitraries.integers()
        .withDistribution(RandomDistribution.uniform())
        .map(Float::intBitsToFloat)
        .filter(Float::isFinite);
  }

  /** v for which theta * v is normal and finite at every theta used here. */
  @Provide
  Arbitrary<Float> ordinarySecondMoment() {
    return between(1e-34f, 1e33f);
  }

  @Provide
  Arbitrary<Float> moderate() {
    return between(1e-6f, 1e3f);
  }

  @Provide
  Arbitrary<Float> small() {
    return between(1e-6f, 1e-4f);
  }

  /** Every float in a range of positive floats is as likely as every other. */
  private static Arbitrary<Float> between(float least, float most) {
    return Arbitraries.integers()
        .between(Float.floatToIntBits(least), Float.floatToIntBits(most))
        .withDistribution(RandomDistribution.uniform())
        .map(Float::intBitsToFloat);
  }

  /** Gradients within 2 ulp of the limit sqrt(theta v), where rounding decides. */
  private static float nearLimit(float v, float theta, int ulps) {
    float limit = (float) Math.sqrt(theta * v);
    return Float.intBitsToFloat(Float.floatToIntBits(limit) + ulps);
  }

  @Property(tries = TRIES, seed = "1")
  void c1_bound(
      @ForAll("finite") float g,
      @ForAll("ordinarySecondMoment") float v,
      @ForAll @FloatRange(min = 1, max = 20_000) float theta,
      @ForAll @IntRange(min = -2, max = 2) int ulps) {
    UpdateCoefficients c = theta(theta);
    float limit = (float) Math.sqrt(theta * v);
    assertThat(Math.abs(clip(g, v, c))).isLessThanOrEqualTo(limit);
    assertThat(Math.abs(clip(nearLimit(v, theta, ulps), v, c))).isLessThanOrEqualTo(limit);
  }

  @Property(tries = TRIES, seed = "2")
  void c2_nonSpikesPassBitForBit(
      @ForAll("finite") float g, @ForAll("ordinarySecondMoment") float v) {
    UpdateCoefficients c = theta(5000);
    Assume.that(g * g <= 5000f * v);
    assertSameBits(clip(g, v, c), g);
    assertSameBits(clip(-0f, v, c), -0f);
  }

  @Property(tries = TRIES, seed = "3")
  void c3_signIsKept(@ForAll("finite") float g, @ForAll("ordinarySecondMoment") float v) {
    float clipped = clip(g, v, theta(5000));
    assertThat(Math.copySign(1, clipped)).isEqualTo(Math.copySign(1, g));
  }

  @Property(tries = TRIES, seed = "4")
  void c4_idempotentBitForBit(
      @ForAll("finite") float g,
      @ForAll("ordinarySecondMoment") float v,
      @ForAll @FloatRange(min = 1, max = 20_000) float theta) {
    UpdateCoefficients c = theta(theta);
    float once = clip(g, v, c);
    assertSameBits(clip(once, v, c), once);
  }

  @Property(tries = TRIES, seed = "5")
  void c5_monotoneAndOdd(
      @ForAll("finite") float a,
      @ForAll("finite") float b,
      @ForAll("ordinarySecondMoment") float v,
      @ForAll @IntRange(min = -2, max = 2) int ulps) {
    UpdateCoefficients c = theta(5000);
    float small = Math.min(Math.abs(a), Math.abs(b));
    float large = Math.max(Math.abs(a), Math.abs(b));
    assertThat(clip(small, v, c)).isLessThanOrEqualTo(clip(large, v, c));
    float near = nearLimit(v, 5000, ulps);
    assertThat(clip(near, v, c)).isLessThanOrEqualTo(clip(Math.nextUp(near), v, c));
    assertSameBits(clip(-a, v, c), -clip(a, v, c));
  }

  @Property(tries = TRIES, seed = "6")
  void c6_largerThetaNeverClipsMore(
      @ForAll("finite") float g,
      @ForAll("ordinarySecondMoment") float v,
      @ForAll @FloatRange(min = 1, max = 20_000) float theta,
      @ForAll @FloatRange(min = 1, max = 20_000) float other) {
    float small = Math.abs(clip(g, v, theta(Math.min(theta, other))));
    float large = Math.abs(clip(g, v, theta(Math.max(theta, other))));
    assertThat(large).isGreaterThanOrEqualTo(small);
  }

  @Property(tries = TRIES, seed = "7")
  void c7_scaleEquivariant_exactlyForPowersOfTwo(
      @ForAll("moderate") float g,
      @ForAll("moderate") float v,
      @ForAll @IntRange(min = -20, max = 20) int exponent) {
    UpdateCoefficients c = theta(50);
    float scaled = clip(Math.scalb(g, exponent), Math.scalb(v, 2 * exponent), c);
    assertSameBits(scaled, Math.scalb(clip(g, v, c), exponent));
  }

  @Property(tries = TRIES, seed = "71")
  void c7_scaleEquivariant_toTwoUlpForOtherScales(
      @ForAll @FloatRange(min = 1, max = 1000) float g,
      @ForAll("small") float v,
      @ForAll @FloatRange(min = 0.1f, max = 10) float a) {
    // Every g here is a spike at any of these scales, so that no threshold is crossed by rounding.
    UpdateCoefficients c = theta(50);
    float expected = (float) ((double) a * clip(g, v, c));
    float actual = clip(a * g, a * a * v, c);
    assertThat((double) actual)
        .isBetween(expected - 2.0 * Math.ulp(expected), expected + 2.0 * Math.ulp(expected));
  }

  @Tag("kernel")
  @Property(tries = 200, seed = "8")
  void c8_elementwise_permutationAndCutsDoNotMatter(
      @ForAll @IntRange(min = 1, max = 200) int n, @ForAll long seed) {
    var random = new Random(seed);
    float[] g = new float[n];
    float[] v = new float[n];
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      g[i] = (float) random.nextGaussian() * (random.nextInt(10) == 0 ? 1000 : 1);
      v[i] = random.nextInt(10) == 0 ? 0 : random.nextFloat();
      order.add(i);
    }
    Collections.shuffle(order, random);
    float[] permutedG = new float[n];
    float[] permutedV = new float[n];
    for (int i = 0; i < n; i++) {
      permutedG[i] = g[order.get(i)];
      permutedV[i] = v[order.get(i)];
    }
    int cut = random.nextInt(n + 1);
    float[] m = applied(g, v, n);
    float[] permutedM = applied(permutedG, permutedV, cut);
    for (int i = 0; i < n; i++) {
      assertSameBits(permutedM[i], m[order.get(i)]);
      assertSameBits(permutedV[i], v[order.get(i)]);
    }
  }

  /** First moments after an update from m = 0 in two parts; {@code v} is updated in place. */
  private static float[] applied(float[] g, float[] v, int cut) {
    UpdateCoefficients c = theta(50);
    c.oneMinusBeta1 = 0.1f;
    c.beta2 = 0.999f;
    c.oneMinusBeta2 = 0.001f;
    float[] m = new float[g.length];
    MemorySegment w = MemorySegment.ofArray(new float[g.length]);
    MemorySegment gs = MemorySegment.ofArray(g);
    MemorySegment ms = MemorySegment.ofArray(m);
    MemorySegment vs = MemorySegment.ofArray(v);
    FusedUpdate.apply(TestOperands.of(w, gs, ms, vs), 0, cut, c, new UpdateTally());
    FusedUpdate.apply(TestOperands.of(w, gs, ms, vs), cut, g.length, c, new UpdateTally());
    return m;
  }

  @Property(tries = TRIES, seed = "9")
  void c9_zeroSecondMoment_isExemptOrClipsToZero(@ForAll("finite") float g) {
    UpdateCoefficients exempt = theta(5000);
    assertSameBits(clip(g, 0, exempt), g);
    UpdateCoefficients literal = theta(5000);
    literal.clipsAtZero = true;
    if (Math.abs(g) > 2.65e-23f) { // below, g * g is 0 and nothing exceeds it
      assertSameBits(clip(g, 0, literal), Math.copySign(0f, g));
    }
  }

  @Property(tries = TRIES, seed = "10")
  void c10_hugeGradientsAreClippedToFinite_andNonFiniteMomentsNeverClip(
      @ForAll("ordinarySecondMoment") float v, @ForAll("finite") float g) {
    UpdateCoefficients c = theta(5000);
    float limit = (float) Math.sqrt(5000f * v);
    assertSameBits(clip(Float.MAX_VALUE, v, c), limit);
    assertSameBits(clip(Float.NEGATIVE_INFINITY, v, c), -limit);
    assertThat(clip(Float.NaN, v, c)).isNaN();
    assertSameBits(clip(g, Float.POSITIVE_INFINITY, c), g);
    assertSameBits(clip(g, Float.NaN, c), g);
  }

  @Property(tries = TRIES, seed = "11")
  void c11_infiniteThreshold_isTheIdentity(@ForAll("finite") float g, @ForAll("finite") float v) {
    UpdateCoefficients off = theta(Float.POSITIVE_INFINITY);
    off.clipsAtZero = true;
    assertSameBits(clip(g, Math.abs(v), off), g);
  }

  @Tag("kernel")
  @Property(tries = TRIES, seed = "12")
  void c12_secondMomentGrowsAtMostByThetaAStep(
      @ForAll("finite") float g,
      @ForAll("ordinarySecondMoment") float v,
      @ForAll @FloatRange(min = 1, max = 10_000) float theta) {
    UpdateCoefficients c = theta(theta);
    c.beta2 = 0.999f;
    c.oneMinusBeta2 = (float) (1 - 0.999);
    c.gradientLimit = 1e18f;
    float[] second = {v};
    FusedUpdate.apply(
        TestOperands.of(
            MemorySegment.ofArray(new float[1]),
            MemorySegment.ofArray(new float[] {g}),
            MemorySegment.ofArray(new float[1]),
            MemorySegment.ofArray(second)),
        0,
        1,
        c,
        new UpdateTally());
    double bound = ((double) c.beta2 + (double) c.oneMinusBeta2 * theta) * v;
    // The clipped gradient, its square, two products and the sum: five roundings, one halved by the
    // root, on a sum of positive terms.
    assertThat((double) second[0]).isLessThanOrEqualTo(bound * (1 + 5 * 0x1p-24));
  }
}
