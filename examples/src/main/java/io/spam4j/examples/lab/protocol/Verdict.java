package io.spam4j.examples.lab.protocol;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What runs say of a claim.
 *
 * @param claim that was declared
 * @param rival the arm it was decided against: of those of the claim, the one tuned best
 * @param word the verdict
 * @param test of the pairs; empty if there are too few
 * @param p of the test, by Holm's correction over the claims of the experiment; NaN without a test
 * @param divergedBetter runs of the better arm that diverged
 * @param divergedRival runs of the rival that diverged
 */
public record Verdict(
    Claim claim,
    String rival,
    Word word,
    Optional<PairedTest> test,
    double p,
    int divergedBetter,
    int divergedRival) {
  private static final double LEVEL = 0.05;

  /** What can be said. */
  public enum Word {
    /** Interval and test exclude 0, and the mean is no less than the margin. */
    HOLDS("holds"),
    /** The whole interval lies below the margin: a difference that matters is excluded. */
    FAILS("fails"),
    /** Neither. */
    CANNOT_TELL("cannot tell"),
    /** Runs are missing. */
    NOT_RUN("not run");

    private final String text;

    Word(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** A claim with what its pairs say, before the claims of an experiment are looked at together. */
  record Pairs(
      Claim claim,
      String rival,
      Optional<PairedTest> test,
      int divergedBetter,
      int divergedRival) {}

  /** The verdicts on all claims of an experiment, in their order. */
  static List<Verdict> of(List<Pairs> claims) {
    double[] corrected = holm(claims);
    List<Verdict> verdicts = new ArrayList<>();
    for (int i = 0; i < corrected.length; i++) {
      Pairs pairs = claims.get(i);
      double p = corrected[i];
      verdicts.add(
          pairs.test().map(test -> decided(pairs, test, p)).orElseGet(() -> notRun(pairs)));
    }
    return verdicts;
  }

  private static Verdict notRun(Pairs pairs) {
    return new Verdict(
        pairs.claim(),
        pairs.rival(),
        Word.NOT_RUN,
        Optional.empty(),
        Double.NaN,
        pairs.divergedBetter(),
        pairs.divergedRival());
  }

  private static Verdict decided(Pairs pairs, PairedTest test, double p) {
    double margin = pairs.claim().margin();
    Word word =
        test.low() > 0 && p < LEVEL && test.mean() >= margin
            ? Word.HOLDS
            : test.high() < margin ? Word.FAILS : Word.CANNOT_TELL;
    return new Verdict(
        pairs.claim(),
        pairs.rival(),
        word,
        Optional.of(test),
        p,
        pairs.divergedBetter(),
        pairs.divergedRival());
  }

  /**
   * The p of each claim by Holm: the k-th smallest of n is multiplied by n - k + 1, and none is
   * below the one before it; NaN where there is no test.
   */
  private static double[] holm(List<Pairs> claims) {
    double[] p =
        claims.stream().mapToDouble(c -> c.test().map(PairedTest::p).orElse(Double.NaN)).toArray();
    int[] order =
        IntStream.range(0, p.length)
            .filter(i -> !Double.isNaN(p[i]))
            .boxed()
            .sorted(Comparator.comparingDouble(i -> p[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] corrected = p.clone();
    double least = 0;
    for (int k = 0; k < order.length; k++) {
      least = Math.min(1, Math.max(least, p[order[k]] * (order.length - k)));
      corrected[order[k]] = least;
    }
    return corrected;
  }
}
