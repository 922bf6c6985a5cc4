package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MeasureSumTest {
  private final Random random = new Random(5);

  private double[] terms(int count) {
    double[] terms = new double[count];
    Arrays.setAll(terms, _ -> random.nextDouble() * Math.exp(random.nextInt(60) - 30));
    return terms;
  }

  private static double compensated(double[] terms) {
    double sum = 0;
    double compensation = 0;
    for (double term : terms) {
      double next = sum + term;
      compensation += sum >= term ? (sum - next) + term : (term - next) + sum;
      sum = next;
    }
    return sum + compensation;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 63, 64, 65, 127, 128, 1000, 4096, 5000})
  void sumOfSquares_groupsThenTheirSums(int count) {
    double[] terms = terms(count);
    double[] groups = new double[(count + 63) / 64];
    Arrays.setAll(
        groups, i -> compensated(Arrays.copyOfRange(terms, 64 * i, Math.min(count, 64 * i + 64))));
    var sum = new MeasureSum();
    sum.add(1e300, 1e300, 7);
    sum.clear();
    for (double term : terms) {
      sum.add(term, 0, 0);
    }

    assertThat(sum.sumOfSquares()).isEqualTo(compensated(groups));
    assertThat(sum.sumOfSquares()).isEqualTo(compensated(groups));
    assertThat(sum.maxAbs()).isZero();
    assertThat(sum.nonFinite()).isZero();
    double exact =
        Arrays.stream(terms)
            .mapToObj(BigDecimal::new)
            .reduce(BigDecimal::add)
            .orElse(BigDecimal.ZERO)
            .doubleValue();
    assertThat(Math.abs(sum.sumOfSquares() - exact)).isLessThanOrEqualTo(1e-15 * exact);
  }

  @Test
  void add_slotsInPartsOrAtOnce() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment slots = arena.allocate(300 * Measure.SLOT_BYTES);
      double[] terms = terms(300);
      for (int i = 0; i < terms.length; i++) {
        slots.setAtIndex(JAVA_DOUBLE, 3L * i, terms[i]);
        slots.setAtIndex(JAVA_DOUBLE, 3L * i + 1, i == 170 ? 9 : i % 7);
        slots.setAtIndex(JAVA_LONG, 3L * i + 2, i % 2);
      }
      var whole = new MeasureSum();
      whole.add(slots, 0, 300);
      var parts = new MeasureSum();
      parts.add(slots, 0, 70);
      parts.add(slots, 70, 1);
      parts.add(slots, 71, 229);

      assertThat(parts.sumOfSquares()).isEqualTo(whole.sumOfSquares());
      assertThat(whole.maxAbs()).isEqualTo(9);
      assertThat(whole.nonFinite()).isEqualTo(150);
    }
  }

  @Test
  void add_notANumber_staysThere() {
    var sum = new MeasureSum();
    for (int i = 0; i < 200; i++) {
      sum.add(i == 5 ? Double.NaN : 1, i == 70 ? Double.NaN : 2, 0);
    }
    assertThat(sum.sumOfSquares()).isNaN();
    assertThat(sum.maxAbs()).isNaN();
  }
}
