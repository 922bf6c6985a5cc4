package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.kernel.Operands;

/**
 * The vector update of elements that have nothing unusual.
 *
 * @param <C> its coefficients
 */
interface ElementwiseLoop<C> {
  /** How many elements are updated at a time; a run is given a multiple of it. */
  int length();

  /**
   * Updates elements from {@code from} on, {@link #length} at a time, and stops before the first of
   * them with a gradient that is not finite, or that is larger than the update would take as it is.
   * Those are for the scalar form, which is the specification.
   *
   * @param o of which the first moment is the state; all outside the heap
   * @param from even
   * @param end exclusive; {@code from} plus a multiple of {@link #length}
   * @return where it stopped; {@code end} if nothing was unusual
   */
  long run(Operands o, long from, long end, C c);
}
