package io.spam4j.engine;

/**
 * The off-heap bytes an optimizer holds; weights and gradients are the caller's and not counted.
 *
 * @param moments bytes of all state tensors, such as both moments
 * @param index bytes of the selections that say which weights have moments
 * @param scratch bytes of working memory, such as the partial sums of a gradient norm, and of the
 *     gaps between state tensors
 */
public record MemoryReport(long moments, long index, long scratch) {
  /** The bytes that must be saved to continue a run. */
  public long state() {
    return moments + index;
  }

  /** All bytes. */
  public long total() {
    return state() + scratch;
  }
}
