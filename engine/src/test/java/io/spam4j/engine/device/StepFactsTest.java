package io.spam4j.engine.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

/** The facts of a step stay what they were, whatever becomes of the next one. */
final class StepFactsTest {
  @Test
  void learningRates_areCopies() {
    double[] rates = {0.5, 0.25};
    var facts =
        new StepFacts(
            1,
            /* resetsMoments= */ false,
            1,
            0.5,
            rates,
            new BitSet(),
            new BitSet(),
            /* bytes= */ 0);
    rates[0] = 2;
    facts.learningRates()[1] = 2;

    assertThat(facts.learningRates()).containsExactly(0.5, 0.25);
  }
}
