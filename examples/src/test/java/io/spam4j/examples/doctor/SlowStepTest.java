package io.spam4j.examples.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.roofline.Roofline;
import org.junit.jupiter.api.Test;

final class SlowStepTest {
  private static final SlowStep GOOD = new SlowStep(512, true, 8, 7.9);

  private static Roofline measured(long weights, int threads, double ratio) {
    return new Roofline(weights, threads, 1e6 * ratio, 1e6);
  }

  private static String warning(SlowStep machine, long weights, int threads) {
    return machine.warning(measured(weights, threads, 2)).orElseThrow();
  }

  @Test
  void fastStep_needsNoWarning() {
    assertThat(GOOD.warning(measured(67_108_864, 8, 1.42))).isEmpty();
    assertThat(GOOD.warning(measured(67_108_864, 8, 1.44))).isPresent();
  }

  @Test
  void slowStep_namesTheLikelyCause() {
    String prefix = "a step reaches 50 % of the measured bandwidth; 70 % are usual. Likely: ";
    long large = 67_108_864;
    assertThat(warning(new SlowStep(0, false, 8, 1), large, 8))
        .isEqualTo(
            prefix + "kernels run scalar; start Java with --add-modules=jdk.incubator.vector");
    assertThat(warning(new SlowStep(0, true, 8, 1), large, 8))
        .isEqualTo(prefix + "kernels run scalar, because spam4j.vector.bits is 0");
    assertThat(warning(GOOD, 65_536, 8))
        .isEqualTo(
            prefix
                + "65,536 weights (1,048,576 bytes) fit the cache, where arithmetic counts and not"
                + " memory");
    assertThat(warning(GOOD, large, 2))
        .isEqualTo(prefix + "2 of 8 processors are used; see spam4j.threads");
    assertThat(warning(new SlowStep(512, true, 8, 13.24), large, 8))
        .isEqualTo(prefix + "other programs want the processors: load=13.2, processors=8");
    assertThat(warning(new SlowStep(128, true, 8, 1), large, 8))
        .isEqualTo(
            prefix + "vectors have 128 bits, too few for square roots and divisions at this speed");
    assertThat(warning(GOOD, large, 8))
        .isEqualTo(
            prefix
                + "memory of several NUMA nodes, or a processor whose clock is held down; see"
                + " docs/performance.md");
  }
}
