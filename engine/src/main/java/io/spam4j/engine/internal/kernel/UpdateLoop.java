package io.spam4j.engine.internal.kernel;

import io.spam4j.engine.decision.UpdateCoefficients;

/** The vector update of elements that have nothing unusual. */
public interface UpdateLoop {
  /** How many elements are updated at a time; a run is given a multiple of it. */
  int length();

  /**
   * Updates elements from {@code from} on, {@link #length} at a time, and stops before the first of
   * them with something unusual in it: a coordinate that is not finite, one over a limit, a spike,
   * a new largest ratio. Those are for {@link UpdateScalar}.
   *
   * @param end exclusive; {@code from} plus a multiple of {@link #length}
   * @return where it stopped; {@code end} if nothing was unusual
   */
  long run(Operands o, long from, long end, UpdateCoefficients c, UpdateTally tally);
}
