package io.spam4j.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TensorStatisticsTest {
  @Test
  void statistics_ofAFewElements() {
    var statistics = TensorStatistics.of(Tensor.of(new float[] {3, -4, 0}, 3));
    assertThat(statistics).isEqualTo(new TensorStatistics(25, 4, 0));
    assertThat(statistics.norm()).isEqualTo(5);
  }

  @Test
  void emptyTensor_hasNoSumAndNoMaximum() {
    assertThat(TensorStatistics.of(Tensor.of(new float[0], 0)))
        .isEqualTo(new TensorStatistics(0, 0, 0));
  }

  @Test
  void nonFiniteElements_areCountedAndLeftOut() {
    float[] values = {1, Float.NaN, -2, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
    assertThat(TensorStatistics.of(Tensor.of(values, 5))).isEqualTo(new TensorStatistics(5, 2, 3));
  }

  @Test
  void sumOfSquares_doesNotOverflow() {
    float[] values = new float[10_000];
    Arrays.fill(values, Float.MAX_VALUE);
    double square = (double) Float.MAX_VALUE * Float.MAX_VALUE;
    assertThat(TensorStatistics.of(Tensor.of(values, 10_000)).sumOfSquares())
        .isBetween(square * 10_000 * (1 - 1e-12), square * 10_000 * (1 + 1e-12));
  }

  @Test
  void sumOfSquares_isExactToOneInTenToTheTwelve() {
    var random = new Random(4);
    float[] values = new float[300_000];
    BigDecimal exact = BigDecimal.ZERO;
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(12) - 6));
      exact = exact.add(new BigDecimal(values[i]).pow(2));
    }
    double sum = TensorStatistics.of(Tensor.of(values, values.length)).sumOfSquares();
    double error = new BigDecimal(sum).subtract(exact).abs().doubleValue() / exact.doubleValue();
    assertThat(error).isLessThanOrEqualTo(1e-12);
  }

  @Test
  void otherTypes_areRefused() {
    Tensor integers = Tensor.of(MemorySegment.ofArray(new int[2]), DType.I32, 2);
    assertThatThrownBy(() -> TensorStatistics.of(integers))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tensor must be F32: dtype=I32");
  }
}
