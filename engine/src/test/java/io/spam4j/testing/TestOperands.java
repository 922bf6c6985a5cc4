package io.spam4j.testing;

import io.spam4j.engine.internal.kernel.Operands;
import java.lang.foreign.MemorySegment;

/** Operands for tests of kernels, of other modules too. */
public final class TestOperands {
  private TestOperands() {}

  /** Streams that nothing is shifted in. */
  public static Operands of(
      MemorySegment weights,
      MemorySegment gradient,
      MemorySegment firstMoment,
      MemorySegment secondMoment) {
    var operands = new Operands();
    operands.weights = weights;
    operands.gradient = gradient;
    operands.firstMoment = firstMoment;
    operands.secondMoment = secondMoment;
    return operands;
  }
}
