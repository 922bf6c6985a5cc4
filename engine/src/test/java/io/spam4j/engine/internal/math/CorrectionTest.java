package io.spam4j.engine.internal.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.MathContext;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CorrectionTest {
  private static final double[] DECAYS = {
    0, 1e-300, 0.1, 0.3, 0.5, 0.7, 0.85, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.999999, 1 - 1e-9
  };

  @Test
  void of_smallCounts_areThoseOfDecimals() {
    var context = new MathContext(60);
    for (double decay : DECAYS) {
      for (int count = 1; count <= 300; count++) {
        double expected =
            BigDecimal.ONE.subtract(new BigDecimal(decay).pow(count, context)).doubleValue();
        assertThat(Correction.of(decay, count))
            .as("decay=%s, count=%d", decay, count)
            .isCloseTo(expected, within(2e-15 * expected));
      }
    }
  }

  @Property(tries = 5000, seed = "1")
  void of_anyCount_isThatOfExpm1(
      @ForAll @DoubleRange(min = 0, max = 35) double size,
      @ForAll @LongRange(min = 1, max = 1L << 50) long count) {
    double decay = 1 - Math.exp(-size) * 0.9;
    double expected = -StrictMath.expm1(count * StrictMath.log(decay));
    assertThat(Correction.of(decay, count)).isCloseTo(expected, within(1e-14 * expected));
  }

  @Property(tries = 2000, seed = "2")
  void of_growsWithTheCountUpToOne(
      @ForAll @DoubleRange(min = 0, max = 1) double decay,
      @ForAll @LongRange(min = 0, max = Long.MAX_VALUE) long count) {
    double half = Correction.of(decay, count / 2);
    assertThat(half).isBetween(0.0, 1.0);
    assertThat(Correction.of(decay, count)).isBetween(half, 1.0);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1e-300, 0.3, 0.5, 0.9, 0.999, 1 - 1e-9, 1 - 0x1p-53})
  void of_withoutEnd_isOne(double decay) {
    assertThat(Correction.of(decay, Long.MAX_VALUE)).isEqualTo(1);
  }

  /** Whatever the doubling comes by on the way, it must not stop just below 1. */
  @Property(tries = 5000, seed = "3")
  void of_withoutEnd_isOneForAnyDecay(@ForAll @DoubleRange(min = 0, max = 36) double size) {
    assertThat(Correction.of(1 - Math.exp(-size), Long.MAX_VALUE)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5, 0.999, 1})
  void of_nothing_isZero(double decay) {
    assertThat(Correction.of(decay, 0)).isEqualTo(0);
  }

  @Test
  void of_decayOfOne_isZero() {
    assertThat(Correction.of(1, 1000)).isEqualTo(0);
  }
}
