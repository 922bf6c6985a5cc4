package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.tensors.internal.simd.Bfloat16;
import io.spam4j.testing.TestOperands;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Arithmetic rounded to bfloat16 after each operation. */
final class EmulatedUpdateTest {
  private static final int INFINITY = 0x7f80;

  private static float half(int bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  @Test
  void rounding_ofAnyFloat_isThatOfTheCodec() {
    float[] values = new float[100_000];
    var random = new Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(random.nextInt());
    }
    // Ties, the largest float, both zeros, a NaN whose payload is in the low half.
    int[] special = {0x3f808000, 0x3f818000, 0x7f7fffff, 0, 0x80000000, 0x7f800001, 0x00008000};
    for (int i = 0; i < special.length; i++) {
      values[i] = Float.intBitsToFloat(special[i]);
    }
    short[] halves = new short[values.length];
    Bfloat16.encodeNearest(
        MemorySegment.ofArray(values), 0, MemorySegment.ofArray(halves), 0, values.length);
    for (int i = 0; i < values.length; i++) {
      assertThat(Float.floatToRawIntBits(EmulatedUpdate.rounded(values[i])))
          .isEqualTo(halves[i] << 16);
    }
  }

  /** Spec fact 7: in the authors' runs a second moment never decays. */
  @Test
  void secondMoment_timesBeta2_isItselfForEveryPositiveBfloat16() {
    int checked = 0;
    for (int bits = 1; bits < INFINITY; bits++) {
      float moment = half(bits);
      assertThat(EmulatedUpdate.rounded(0.999f * moment)).isEqualTo(moment);
      checked++;
    }
    assertThat(checked).isEqualTo(32_639);
  }

  @Test
  void firstMoment_timesBeta1_decays() {
    for (int bits = 0x80; bits < INFINITY; bits++) { // but for subnormal ones
      assertThat(EmulatedUpdate.rounded(0.9f * half(bits))).isLessThan(half(bits));
    }
  }

  @Test
  void update_ofASpike_reportsItsRatioAndPlace() {
    var o =
        TestOperands.of(
            MemorySegment.ofArray(new short[4]),
            halves(1, 2, 30, 4),
            halves(0, 0, 0, 0),
            halves(1, 0, 2, 1));
    var c = new UpdateCoefficients();
    c.spikeThreshold = 50;
    c.beta1 = 0.9f;
    c.oneMinusBeta1 = 0.1f;
    c.beta2 = 0.999f;
    c.oneMinusBeta2 = 0.001f;
    c.epsilon = 1e-6f;
    var tally = new UpdateTally();
    EmulatedUpdate.apply(o, 0, 4, c, tally);
    assertThat(tally.spikes).isEqualTo(2); // where v is 0, and 900 > 50 * 2
    assertThat(tally.largestRatio).isEqualTo(450);
    assertThat(tally.largestAt).isEqualTo(2);
    float first = EmulatedUpdate.rounded(0.1f * 10); // sqrt(50 * 2)
    assertThat(o.firstMoment.toArray(JAVA_SHORT))
        .containsExactly(bits(0.1f), bits(0), bits(first), bits(0.4f));
  }

  private static short bits(float value) {
    return (short) (Float.floatToRawIntBits(EmulatedUpdate.rounded(value)) >>> 16);
  }

  private static MemorySegment halves(float... values) {
    short[] bits = new short[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = bits(values[i]);
    }
    return MemorySegment.ofArray(bits);
  }
}
