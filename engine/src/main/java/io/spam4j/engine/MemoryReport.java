package io.spam4j.engine;

/**
 * The off-heap bytes an optimizer holds; weights and gradients are the caller's and not counted.
 *
 * @param firstMoment bytes of all first moments
 * @param secondMoment bytes of all second moments
 * @param scratch bytes of working memory, such as the partial sums of a gradient norm
 */
public record MemoryReport(long firstMoment, long secondMoment, long scratch) {
  /** The bytes that must be saved to continue a run: both moments. */
  public long state() {
    return firstMoment + secondMoment;
  }

  /** All bytes. */
  public long total() {
    return state() + scratch;
  }
}
