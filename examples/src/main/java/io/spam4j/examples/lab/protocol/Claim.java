package io.spam4j.examples.lab.protocol;

import java.util.List;

/**
 * That one arm ends lower than others, by a margin that was chosen before.
 *
 * @param id such as {@code spam-adam}
 * @param statement in a sentence
 * @param source paper, table or figure
 * @param paper what is printed there
 * @param better the arm that is said to be better
 * @param than the arms it is said to be better than; of several, the one that tuning found best
 * @param margin the least difference of losses that matters, in nats a byte where it is a text
 * @param change what would change the verdict
 */
public record Claim(
    String id,
    String statement,
    String source,
    String paper,
    String better,
    List<String> than,
    double margin,
    String change) {
  /** Takes a copy; checks that there is someone to be better than, and a margin. */
  public Claim {
    than = List.copyOf(than);
    if (than.isEmpty() || than.contains(better) || !(margin >= 0)) {
      throw new IllegalArgumentException(
          "claim must compare with other arms, by a margin: claim=%s, better=%s, than=%s, margin=%s"
              .formatted(id, better, than, margin));
    }
  }
}
