package io.spam4j.javacpp.pytorch;

import static org.bytedeco.pytorch.global.torch.from_blob;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;

/** Tensors of libtorch from arrays and back. */
final class TorchTensors {
  private TorchTensors() {}

  static Tensor trainable(float[] values, long... shape) {
    Tensor tensor = floats(values, shape);
    tensor.set_requires_grad(true);
    return tensor;
  }

  static Tensor floats(float[] values, long... shape) {
    return from_blob(new FloatPointer(values), shape).clone();
  }

  static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.data_ptr_float().get(i);
    }
    return values;
  }
}
