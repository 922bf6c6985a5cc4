package io.spam4j.engine;

import io.spam4j.engine.device.HostCopies;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;

/** Of a device that is not asked for anything: nothing is selected by magnitude, nor saved. */
public final class NoCopies implements HostCopies {
  public NoCopies() {}

  @Override
  public Tensor weights(int parameter, Arena arena) {
    throw new AssertionError(parameter);
  }

  @Override
  public Tensor gradient(int parameter, Arena arena) {
    throw new AssertionError(parameter);
  }

  @Override
  public Tensor state(int parameter, String name, Arena arena) {
    throw new AssertionError(name);
  }
}
