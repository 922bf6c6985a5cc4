package io.spam4j.examples.lab.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PairedTestTest {
  /** By hand: mean 2, deviation 1, t of 2 degrees 4.302653, so 2 -+ 4.302653 / sqrt(3). */
  @Test
  void interval_isStudents() {
    PairedTest test = PairedTest.of(new double[] {1, 2, 3});
    assertThat(test.mean()).isEqualTo(2);
    assertThat(test.low()).isCloseTo(2 - 4.302652730 / Math.sqrt(3), within(1e-8));
    assertThat(test.high()).isCloseTo(2 + 4.302652730 / Math.sqrt(3), within(1e-8));
    assertThat(test.wins()).isEqualTo(3);
    assertThat(test.pairs()).isEqualTo(3);
  }

  /** Of the 8 signs of 1, 2 and 3 only all plus and all minus sum to 6 or more. */
  @Test
  void signFlips_areCountedExactly() {
    assertThat(PairedTest.of(new double[] {1, 2, 3}).p()).isEqualTo(2.0 / 8);
    // 1 + 2 - 3 is 0, and every sum is as far from 0.
    assertThat(PairedTest.of(new double[] {1, 2, -3}).p()).isEqualTo(1);
    // |3 + 2 - 1| = 4: reached by 4, 6 and their opposites.
    assertThat(PairedTest.of(new double[] {3, 2, -1}).p()).isEqualTo(4.0 / 8);
  }

  @Test
  void signFlips_countTiesThatRoundingPartsAsTies() {
    // 0.1 + 0.2 - 0.3 is 5.5e-17 in double arithmetic, in another order 2.8e-17.
    assertThat(PairedTest.of(new double[] {0.3, -0.2, -0.1}).p()).isEqualTo(1);
  }

  /** Invariant: what pairs say does not depend on their order. */
  @Test
  void test_ofEqualDifferences_hasAnIntervalOfOnePoint() {
    PairedTest test = PairedTest.of(new double[] {0.5, 0.5, 0.5, 0.5, 0.5, 0.5});
    assertThat(test.low()).isEqualTo(0.5);
    assertThat(test.high()).isEqualTo(0.5);
    assertThat(test.p()).isEqualTo(2.0 / 64);
  }

  @Test
  void fewPairs_canNeverReachTheLevel() {
    double[] five = {1, 1, 1, 1, 1};
    assertThat(PairedTest.of(five).p()).isGreaterThan(0.05);
    assertThat(PairedTest.of(new double[PairedTest.LEAST_PAIRS]).p()).isEqualTo(1);
  }

  @Test
  void differences_thatAreNoNumbersOrTooFew_areRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> PairedTest.of(new double[] {1}));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PairedTest.of(new double[] {1, Double.NaN}))
        .withMessageContaining("finite");
  }
}
