package io.spam4j.engine.device;

import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A step that has been decided and not been done. It counts from {@link #commit} on; {@link
 * #discard} forgets it. The planner has one, which the next step overwrites.
 */
public interface PlannedStep {
  /** Writes a row of {@link DeviceTables#COEFFICIENTS_ROW}. */
  void putCoefficients(int parameter, MemorySegment row);

  /** Writes a row of {@link DeviceTables#TRANSFORM_ROW}. */
  void putTransform(int transform, MemorySegment row);

  /** Whether a parameter that has no gradient at this step is to have moments of 0 after it. */
  boolean zeroesMissing(int parameter);

  /** The selection of a sparse parameter from this step on; empty if it stays as it is. */
  Optional<IndexMask> nextMask(int parameter);

  /**
   * Whether, at a change of the selection, the moments of weights that stay selected are kept. The
   * others start from 0 then. Else the row of coefficients resets all of them, if there is a
   * gradient.
   */
  boolean carriesMoments(int parameter);

  /** What a report about this step needs later; independent of the planner's further steps. */
  StepFacts facts();

  /** Counts the step, and makes its selections the current ones. Cannot fail. */
  void commit();

  /** Forgets the step; harmless after {@link #commit}. */
  void discard();
}
