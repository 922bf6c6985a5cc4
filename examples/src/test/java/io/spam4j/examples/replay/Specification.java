package io.spam4j.examples.replay;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An optimizer of one tensor, in double and as plainly as it can be written: what the engine is
 * held to. Equations and names are the papers'; what they leave open is as in the original code.
 */
interface Specification {
  /** One step of the optimizer; null if the tensor has no gradient in it. */
  void step(double @Nullable [] gradient);

  /** The weights as they are now. */
  double[] w();

  /** What the optimizer remembers between steps, under the names of the recorded traces. */
  Map<String, double[]> state();
}
