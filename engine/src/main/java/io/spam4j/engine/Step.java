package io.spam4j.engine;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** One step as all parts of an optimizer see it; reused, because a step allocates nothing. */
final class Step {
  /** The number of the step, from 1. */
  long t;

  /** The gradient of each tensor; null if it has none. */
  final @Nullable MemorySegment[] gradients;

  /** Of each tensor: the schedule's, at this step. */
  final double[] learningRates;

  /** How often each tensor will have been updated, this step included. */
  final long[] updates;

  /** The same since its moments were last reset; a reset at this very step comes after. */
  final long[] updatesSinceReset;

  Step(int tensors) {
    gradients = new MemorySegment[tensors];
    learningRates = new double[tensors];
    updates = new long[tensors];
    updatesSinceReset = new long[tensors];
  }

  int tensors() {
    return gradients.length;
  }

  boolean has(int tensor) {
    return gradients[tensor] != null;
  }

  /** Counts this step, from which on it cannot fail. */
  void count() {
    for (int i = 0; i < updates.length; i++) {
      if (has(i)) {
        updates[i]++;
        updatesSinceReset[i]++;
      }
    }
  }
}
