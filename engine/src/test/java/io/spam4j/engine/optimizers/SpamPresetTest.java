package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Drawn;
import io.spam4j.engine.Runs;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.StepReport;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** SPAM as the paper prints it and as its port has it, and when a run resets and warms up. */
final class SpamPresetTest {
  /** C9: a gradient whose square is not 0. */
  @Property(tries = 20, seed = "4")
  void paperLiteral_neverMovesAWeight(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 30) int interval) {
    var random = new Random(seed);
    float[] start = Runs.draw(random, 40, 5);
    var builder = Spam.builder(Spam.Preset.PAPER_LITERAL).resetInterval(interval);
    try (var run = new Runs(builder.density(random.nextBoolean() ? 1 : 0.5), start)) {
      for (int t = 1; t <= 150; t++) {
        StepReport report = run.step(Drawn.spiky(random, 40));
        assertThat(report.spikes()).isEqualTo(run.first().length);
        assertThat(report.isMomentumReset()).isEqualTo(interval > 0 && (t - 1) % interval == 0);
        assertThat(run.first()).containsOnly(new float[run.first().length]);
        assertThat(run.second()).containsOnly(new float[run.first().length]);
      }
      Snapshot.assertSame(run.weights, start);
    }
  }

  @Test
  void paperLiteral_warmsUpFromZero_alsoAtTheStart() {
    try (var run = new Runs(Spam.builder(Spam.Preset.PAPER_LITERAL), 0f)) {
      for (int t = 1; t <= 160; t++) {
        int j = t - 1;
        double expected = j >= 150 ? 1 : (1 - Math.cos(Math.PI * j / 150)) / 2;
        assertThat(run.step(1).warmupScale()).isCloseTo(expected, within(1e-15));
      }
    }
  }

  @Test
  void kozistr_neverClips_andWarmsUpAStepAhead() {
    var builder = Spam.builder(Spam.Preset.KOZISTR).resetInterval(60).learningRate(0.01);
    try (var run = new Runs(builder.epsilon(0).spikeThreshold(1), 0f)) {
      for (int t = 1; t <= 130; t++) {
        float before = run.weights[0];
        StepReport report = run.step(t % 7 == 0 ? 1000 : 1);
        assertThat(report.spikes()).isEqualTo(0);
        int j = t % 60;
        double warming = 1 - 0.99 * (1 + Math.cos(Math.PI * (j + 1) / 51)) / 2;
        double expected = t < 60 || j >= 50 ? 1 : warming;
        assertThat(report.warmupScale()).isCloseTo(expected, within(1e-15));
        if (j == 0) { // the step after a reset is a first step of Adam, corrected by t
          double ratio = 0.1 / Math.sqrt(0.001);
          double correction = Math.sqrt(1 - Math.pow(.999, t)) / (1 - Math.pow(.9, t));
          assertThat((double) run.weights[0] - before)
              .isCloseTo(-0.01 * expected * ratio * correction, within((double) Math.ulp(before)));
        }
      }
    }
  }

  @Test
  void resetsAtStart_areAtStep1AndEveryIntervalAfterIt() {
    var builder = Spam.builder().resetInterval(5).rewarmSteps(3).resetsAtStart(true);
    double[] warming = {0.01, 0, 0, 1, 1}; // 1 - 0.99 (1 + cos(pi j / 4)) / 2
    warming[1] = 1 - 0.99 * (1 + Math.sqrt(0.5)) / 2;
    warming[2] = 1 - 0.99 / 2;
    try (var run = new Runs(builder, 0f)) {
      for (int t = 1; t <= 20; t++) {
        StepReport report = run.step(t);
        int j = (t - 1) % 5;
        assertThat(report.isMomentumReset()).isEqualTo(j == 0);
        assertThat(report.warmupScale()).isCloseTo(t <= 5 ? 1 : warming[j], within(1e-15));
        if (j == 0) {
          assertThat(run.first()).containsExactly((float) (1 - 0.9) * t);
        }
      }
    }
  }

  @Test
  void initialWarmup_startsLikeAReset() {
    try (var run = new Runs(Spam.builder().initialWarmup(true).rewarmSteps(3), 0f)) {
      assertThat(run.step(1).warmupScale()).isCloseTo(0.01, within(1e-15));
      assertThat(run.step(1).warmupScale())
          .isCloseTo(1 - 0.99 * (1 + Math.sqrt(0.5)) / 2, within(1e-15));
    }
  }
}
