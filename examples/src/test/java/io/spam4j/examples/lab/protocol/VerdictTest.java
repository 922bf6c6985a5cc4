package io.spam4j.examples.lab.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.examples.lab.protocol.Verdict.Word;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

class VerdictTest {
  private static final Experiment TWO =
      MadeUp.experiment(
          List.of(MadeUp.arm("spam"), MadeUp.arm("adam")), MadeUp.claim("spam", "adam"));

  private static Verdict verdict(int seeds, ToDoubleFunction<Integer> gain) {
    return new Design(TWO, MadeUp.preset(seeds), MadeUp.TASK)
        .verdicts(
            MadeUp.all(
                run -> {
                  int seed = run.count("seed");
                  boolean ours = run.get("optimizer").equals("spam");
                  double test = 1 + 0.05 * (seed % 10) - (ours ? gain.applyAsDouble(seed) : 0);
                  return MadeUp.loss(2, test);
                }))
        .getFirst();
  }

  @Test
  void claim_thatHolds() {
    Verdict verdict = verdict(8, seed -> 0.02 + 0.001 * (seed % 3));
    assertThat(verdict.word()).isEqualTo(Word.HOLDS);
    assertThat(verdict.p()).isEqualTo(2.0 / 256);
    assertThat(verdict.test().orElseThrow().wins()).isEqualTo(8);
    assertThat(verdict.test().orElseThrow().mean()).isCloseTo(0.021125, within(1e-12));
  }

  @Test
  void claim_thatFails_becauseTheDifferenceIsTooSmallOrOfTheOtherSign() {
    assertThat(verdict(8, seed -> 0.002 + 0.001 * (seed % 3)).word()).isEqualTo(Word.FAILS);
    assertThat(verdict(8, _ -> -0.5).word()).isEqualTo(Word.FAILS);
  }

  @Test
  void claim_thatCannotBeTold() {
    assertThat(verdict(8, seed -> seed % 2 == 0 ? 0.1 : -0.05).word()).isEqualTo(Word.CANNOT_TELL);
    // However large the difference, five seeds cannot tell.
    assertThat(verdict(5, seed -> 0.5 + 0.001 * seed).word()).isEqualTo(Word.CANNOT_TELL);
    assertThat(verdict(6, seed -> 0.5 + 0.001 * seed).word()).isEqualTo(Word.HOLDS);
  }

  @Test
  void ties_fail() {
    Verdict verdict = verdict(8, _ -> 0);
    assertThat(verdict.word()).isEqualTo(Word.FAILS);
    assertThat(verdict.p()).isEqualTo(1);
  }

  @Test
  void runsThatDiverge_countAsHavingLearntNothing() {
    Verdict verdict =
        new Design(TWO, MadeUp.preset(8), MadeUp.TASK)
            .verdicts(
                MadeUp.all(
                    run -> {
                      boolean lost = run.get("optimizer").equals("adam") && run.count("seed") <= 8;
                      return lost ? MadeUp.loss(2, Double.NaN) : MadeUp.loss(2, 1);
                    }))
            .getFirst();
    assertThat(verdict.divergedRival()).isEqualTo(8);
    assertThat(verdict.divergedBetter()).isZero();
    assertThat(verdict.test().orElseThrow().mean()).isEqualTo(4); // 5, its first loss, to 1
    assertThat(verdict.word()).isEqualTo(Word.HOLDS);
  }

  @Test
  void aRunThatIsMissing_leavesTheClaimUndecided() {
    Design design = new Design(TWO, MadeUp.preset(8), MadeUp.TASK);
    Outcomes outcomes =
        run ->
            run.get("seed").equals("3") && run.get("optimizer").equals("adam")
                ? Optional.empty()
                : Optional.of(MadeUp.loss(2, 1));
    assertThat(design.verdicts(outcomes).getFirst().word()).isEqualTo(Word.NOT_RUN);
    assertThat(design.missing(outcomes)).hasSize(1);
    assertThat(design.runsLeft(outcomes)).isEqualTo(1);
  }

  @Test
  void rival_isTheOneTunedBest_notTheOneTestedBest() {
    Experiment three =
        MadeUp.experiment(
            List.of(MadeUp.arm("spam"), MadeUp.arm("adam"), MadeUp.arm("clip")),
            MadeUp.claim("spam", "adam", "clip"));
    Verdict verdict =
        new Design(three, MadeUp.preset(8), MadeUp.TASK)
            .verdicts(
                MadeUp.all(
                    run ->
                        switch (run.get("optimizer")) {
                          case "clip" -> MadeUp.loss(1.5, 2); // tuned best, tested worst
                          case "adam" -> MadeUp.loss(1.6, 1);
                          default -> MadeUp.loss(1.7, 1.5);
                        }))
            .getFirst();
    assertThat(verdict.rival()).isEqualTo("clip");
    assertThat(verdict.word()).isEqualTo(Word.HOLDS);
  }

  /** Holm by hand: 2/256 three times is multiplied by 3, and no p is below one before it. */
  @Test
  void p_isCorrectedOverTheClaimsOfAnExperiment() {
    Experiment four =
        MadeUp.experiment(
            List.of(MadeUp.arm("a"), MadeUp.arm("b"), MadeUp.arm("c"), MadeUp.arm("d")),
            MadeUp.claim("a", "b"),
            MadeUp.claim("a", "c"),
            MadeUp.claim("a", "d"),
            MadeUp.claim("b", "c"));
    List<Verdict> verdicts =
        new Design(four, MadeUp.preset(8), MadeUp.TASK)
            .verdicts(
                MadeUp.all(
                    run ->
                        MadeUp.loss(
                            2,
                            switch (run.get("optimizer")) {
                              case "a" -> 1;
                              case "d" -> run.count("seed") % 2 == 0 ? 1.1 : 0.9;
                              default -> 1.5;
                            })));
    assertThat(verdicts).extracting(Verdict::p).containsExactly(8.0 / 256, 8.0 / 256, 1.0, 1.0);
  }
}
