package io.spam4j.engine.internal.baseline;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.spam4j.tensors.internal.simd.Readiness;
import java.lang.foreign.MemorySegment;

/**
 * Calls a loop on memory of its own, for {@link Readiness}. Now and then the last gradient is one
 * that ends a run: the compiler leaves out what it has never seen.
 */
abstract class LoopExercise implements Runnable {
  private static final long LAST = Readiness.ELEMENTS - 1L;

  private final MemorySegment gradient;
  private int calls;

  /** Of a loop that reads these gradients, of whatever type. */
  LoopExercise(MemorySegment gradient) {
    this.gradient = gradient;
  }

  /**
   * Runs the loop on the elements from 0 to {@code end}.
   *
   * @param turn counts, slower than calls: coefficients may depend on it
   * @return where it stopped
   */
  abstract long run(long end, int turn);

  @Override
  public final void run() {
    boolean ends = calls % 8 == 0;
    int turn = calls++ / 8;
    float last = ends ? Float.NaN : gradient.getAtIndex(JAVA_FLOAT, 0);
    gradient.setAtIndex(JAVA_FLOAT, LAST, last);
    gradient.setAtIndex(JAVA_FLOAT, LAST / 2, last);
    if (run(Readiness.ELEMENTS, turn) != Readiness.ELEMENTS && !ends) {
      throw new IllegalStateException("a loop must go on");
    }
  }
}
