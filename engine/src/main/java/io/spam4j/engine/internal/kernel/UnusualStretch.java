package io.spam4j.engine.internal.kernel;

/**
 * How many vectors are updated otherwise once the loop for usual ones has met an unusual one: few
 * where unusual ones are rare, and twice as many each time that the next one is near, so that the
 * usual loop is only tried now and then where most are unusual.
 */
public final class UnusualStretch {
  /** The first one. */
  public static final int FEWEST = 2;

  private static final int MOST = 256;
  private static final int NEAR = 16;

  private UnusualStretch() {}

  /**
   * The next one.
   *
   * @param vectors of the one before
   * @param usual elements that the usual loop has updated since
   * @param length elements of a vector
   */
  public static int after(int vectors, long usual, int length) {
    return usual < (long) NEAR * length ? Math.min(MOST, 2 * vectors) : FEWEST;
  }
}
