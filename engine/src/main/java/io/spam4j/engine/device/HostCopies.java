package io.spam4j.engine.device;

import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;

/** Brings to the host, on demand, what lies on a device. Each call waits for the device. */
public interface HostCopies {
  /** The weights of a parameter, of any thread. */
  Tensor weights(int parameter, Arena arena);

  /** The gradient of a parameter at the step that is being planned. */
  Tensor gradient(int parameter, Arena arena);

  /** A state tensor of a parameter, as {@link StepPlanner#state} names it. */
  Tensor state(int parameter, String name, Arena arena);
}
