package io.spam4j.examples.lab.protocol;

/**
 * What a run came to, as far as verdicts see it. Losses are means over the text, in nats a byte
 * where it is a text; NaN where they were not finite.
 *
 * @param first loss on the tuning text before any update
 * @param tuning loss at the end on the text that knobs are chosen by
 * @param test loss at the end on the text that verdicts are made from
 */
public record Outcome(double first, double tuning, double test) {
  /** Whether the run ended no better than it began, or with what is no number. */
  public boolean diverged() {
    return !(tuning < first) || !(test < first);
  }

  /** What stages compare: infinite for a run that diverged. */
  double tuningScore() {
    return diverged() ? Double.POSITIVE_INFINITY : tuning;
  }

  /** What verdicts compare: a run that diverged counts as if it had learnt nothing. */
  double testScore() {
    return diverged() ? first : test;
  }
}
