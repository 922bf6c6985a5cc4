package io.spam4j.examples.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The closed forms against the numbers of spam-spec 3.5, as far as their digits go. */
final class ExpectationTest {
  private static final double ADAM = Double.POSITIVE_INFINITY;

  private static Expectation of(Distribution distribution, SpikeMode mode, double threshold) {
    return new Expectation(new SimulationSettings(2, distribution, mode), threshold);
  }

  private static Expectation figure5(double threshold) {
    return of(Distribution.GAUSSIAN, SpikeMode.REPLACE, threshold);
  }

  /** Half of the last digit. */
  private static Offset<Double> digits(int count) {
    return within(0.5 * Math.pow(10, -count));
  }

  @Test
  void firstMoment_isThatOfTheSpecification() {
    Expectation adam = figure5(ADAM);

    assertThat(adam.cleanFirst(30)).isCloseTo(0.096, digits(3));
    assertThat(adam.cleanFirst(30) + adam.firstExcess(30)).isCloseTo(1.086, digits(3));
    assertThat(adam.firstExcess(30)).isCloseTo(0.99, within(1e-15));
    assertThat(adam.firstExcess(60)).isCloseTo(0.042, digits(3));
    assertThat(adam.firstExcess(80)).isCloseTo(0.0051, digits(4));
    assertThat(adam.noise()).isCloseTo(0.0725, within(6e-5)); // 0.07255, cut off there
    assertThat(Expectation.steps(adam.noise() / adam.firstExcess(30))).isEqualTo(25);
    assertThat(Expectation.steps(0.01)).isEqualTo(44);
  }

  @Test
  void secondMoment_isThatOfTheSpecification() {
    Expectation adam = figure5(ADAM);

    assertThat(adam.cleanSecond(29)).isCloseTo(0.003146, digits(6));
    assertThat(adam.cleanSecond(30)).isCloseTo(0.00323, within(3e-5)); // measured there
    assertThat(adam.cleanSecond(30) + adam.secondExcess(30)).isCloseTo(0.1031, digits(4));
    assertThat(adam.secondExcess(30)).isCloseTo(0.0999, digits(4));
    assertThat(adam.secondExcess(200)).isCloseTo(0.0843, digits(4));
    assertThat(adam.cleanSecond(200)).isCloseTo(0.0200, within(6e-5)); // 0.01995
    assertThat(adam.cleanSecond(200) + adam.secondExcess(200)).isCloseTo(0.1042, digits(4));
  }

  @Test
  void spam_takesTheSpikeAsInTheSpecification() {
    assertThat(figure5(5000).taken()).isCloseTo(3.97, digits(2));
    assertThat(figure5(1000).taken()).isCloseTo(1.77, digits(2));
    assertThat(100 / figure5(ADAM).cleanSecond(29)).isCloseTo(31_800, within(50.0));
    // theta 40000 is above 31,786: not clipped
    assertThat(figure5(40_000).taken()).isEqualTo(10);
    assertThat(figure5(40_000).firstExcess(30)).isEqualTo(figure5(ADAM).firstExcess(30));
  }

  @Test
  void spam_hasNoClosedFormOfTheFirstMoment() {
    assertThat(figure5(5000).firstExcess(30)).isNaN();
  }

  @Test
  void addedSpike_hasTheMeanSquareOfTheSpecification() {
    Expectation added = of(Distribution.GAUSSIAN, SpikeMode.ADD, ADAM);

    assertThat(added.taken() * added.taken()).isCloseTo(102.1, digits(1));
    assertThat(added.firstExcess(30)).isCloseTo(1, within(1e-15));
  }

  @Test
  void uniform_hasItsMoments() {
    // integral of x^2 over [0.1, 0.2), times 10: (0.008 - 0.001) / 3 * 10
    assertThat(Distribution.UNIFORM.meanSquare()).isCloseTo(0.07 / 3, within(1e-16));
    assertThat(Distribution.GAUSSIAN.meanSquare()).isCloseTo(0.11, within(1e-16));
  }
}
