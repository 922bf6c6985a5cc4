package io.spam4j.tensors.mask;

/** Takes ascending positions as gaps: how many elements are skipped before each. */
@FunctionalInterface
interface GapSink {
  /** Takes the next {@code count} gaps, and may overwrite them. */
  void accept(long[] gaps, int count);
}
