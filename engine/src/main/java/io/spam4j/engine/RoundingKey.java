package io.spam4j.engine;

import io.spam4j.tensors.Philox;

/** The keys of one stream that is rounded at random: another one at each step. */
final class RoundingKey {
  private final long base;

  /**
   * A stream of a parameter.
   *
   * @param stream what is rounded
   */
  RoundingKey(long seed, String stream, String parameter) {
    Philox random = Philox.stream(seed, "rounding " + stream + " " + parameter, 0);
    base = (long) random.bits(0) << Integer.SIZE | Integer.toUnsignedLong(random.bits(1));
  }

  /** The key of step {@code t}. */
  long at(long t) {
    return base + t; // whoever uses it mixes all of its bits
  }
}
