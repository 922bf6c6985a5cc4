package io.spam4j.engine;

import io.spam4j.engine.device.HostCopies;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/** Of a device whose memory is 0 everywhere. */
public final class ZeroCopies implements HostCopies {
  private final List<long[]> shapes;

  /** Of parameters of these shapes; all of them have all moments. */
  public ZeroCopies(Map<String, long[]> shapes) {
    this.shapes = List.copyOf(shapes.values());
  }

  @Override
  public Tensor weights(int parameter, Arena arena) {
    return Tensor.allocate(arena, DType.F32, shapes.get(parameter));
  }

  @Override
  public Tensor gradient(int parameter, Arena arena) {
    return Tensor.allocate(arena, DType.F32, shapes.get(parameter));
  }

  @Override
  public Tensor state(int parameter, String name, Arena arena) {
    return Tensor.allocate(arena, DType.F32, shapes.get(parameter));
  }
}
