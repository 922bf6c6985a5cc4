package io.spam4j.engine.internal.step;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.internal.decide.StepState;

/** Lets tests of other packages see, and set, what an optimizer has counted. */
public final class StepStates {
  private StepStates() {}

  /** The live counters. */
  public static StepState of(Optimizer optimizer) {
    return ((EngineOptimizer) optimizer).step;
  }
}
