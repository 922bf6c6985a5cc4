package io.spam4j.examples.bench.arms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.examples.bench.values.BenchMemory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The check of the arms finds what is wrong. */
final class AgreementTest {
  private static final List<Agreement.Place> FIRST = List.of(new Agreement.Place(0, 0, true));

  @Test
  void check_noStep_isFound() {
    try (var memory = new BenchMemory(new long[] {100}, 1)) {
      float gradient = memory.gradient(0, 0);
      assertThatThrownBy(
              () ->
                  Agreement.check(
                      "idle", memory, FIRST, () -> {}, ReferenceRule.SPAM, Agreement.TORCH))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageMatching(
              "weight must be what SPAM makes of it: arm=idle, tensor=0, at=0, weight=[-.0-9E]+,"
                  + " expected=[-.0-9E]+");
      assertThat(memory.gradient(0, 0)).isEqualTo(gradient);
    }
  }

  @Test
  void check_anotherDecay_isFound() {
    for (double beta2 : new double[] {0.998, 0.9995}) {
      try (var memory = new BenchMemory(new long[] {100}, 1);
          var arm = new EngineArm(memory, Spam.builder().betas(0.9, beta2), ReferenceRule.SPAM)) {
        assertThatThrownBy(arm::check).isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void check_anotherRule_isFound() {
    try (var memory = new BenchMemory(new long[] {100}, 1);
        var adamW = new EngineArm(memory, AdamW.builder(), ReferenceRule.SPAM);
        var noDecay = new EngineArm(memory, AdamW.builder().weightDecay(0), ReferenceRule.ADAMW);
        var noClip =
            new EngineArm(memory, StableSpam.builder().adaGN(false), ReferenceRule.STABLE_SPAM)) {
      assertThatThrownBy(adamW::check)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith(
              "weight must be what SPAM makes of it: arm=engine, tensor=0, at=0,");
      assertThatThrownBy(noDecay::check).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(noClip::check).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void check_unselectedWeightThatMoves_isFound() {
    List<Agreement.Place> unselected = List.of(new Agreement.Place(0, 1, false));
    try (var memory = new BenchMemory(new long[] {100}, 1);
        var arm = new EngineArm(memory, Spam.builder(), ReferenceRule.SPAM)) {
      assertThatThrownBy(
              () ->
                  Agreement.check(
                      "moves", memory, unselected, arm::step, ReferenceRule.SPAM, Agreement.ENGINE))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("arm=moves, tensor=0, at=1");
    }
  }
}
