package io.spam4j.engine.internal.state;

import io.spam4j.tensors.Philox;

/** The keys that the numbers of one parameter are rounded with: another one at each step. */
public final class RoundingKey {
  private final long base;

  public RoundingKey(long seed, String parameter) {
    Philox random = Philox.stream(seed, "rounding " + parameter, 0);
    base = (long) random.bits(0) << Integer.SIZE | Integer.toUnsignedLong(random.bits(1));
  }

  /** The key of step {@code t}. */
  public long at(long t) {
    return base + t; // whoever uses it mixes all of its bits
  }
}
