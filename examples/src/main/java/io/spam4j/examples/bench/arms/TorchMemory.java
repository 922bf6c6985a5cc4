package io.spam4j.examples.bench.arms;

import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.HalfValues;
import io.spam4j.javacpp.pytorch.TorchLibraries;
import io.spam4j.tensors.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** libtorch's tensors over weights and gradients of the arms; nothing is copied. */
final class TorchMemory implements AutoCloseable {
  private final List<Pointer> pointers = new ArrayList<>();
  private final List<Tensor> weights = new ArrayList<>();
  private final List<Tensor> gradients = new ArrayList<>();
  private final DType dtype;

  private TorchMemory(DType dtype, int threads) throws ArmUnavailableException {
    this.dtype = dtype;
    try {
      TorchLibraries.load();
      torch.set_num_threads(threads);
    } catch (UnsatisfiedLinkError | NoClassDefFoundError missing) {
      throw new ArmUnavailableException("libtorch does not load: " + missing.getMessage());
    }
  }

  /**
   * Wraps the float32 weights that all arms share and sets libtorch's threads, which the whole
   * process has in common.
   *
   * @throws ArmUnavailableException if libtorch does not load, or a tensor is too large for a
   *     buffer
   */
  static TorchMemory of(BenchMemory memory) throws ArmUnavailableException {
    var views = new TorchMemory(DType.F32, memory.threads());
    for (int i = 0; i < memory.tensors(); i++) {
      views.add(memory.weightMemory(i), memory.gradientMemory(i));
    }
    return views;
  }

  /**
   * The same for bfloat16.
   *
   * @throws ArmUnavailableException as for float32
   */
  static TorchMemory of(HalfValues halves, int threads) throws ArmUnavailableException {
    var views = new TorchMemory(DType.BF16, threads);
    for (int i = 0; i < halves.tensors(); i++) {
      views.add(halves.weights().get(i).memory(), halves.gradients().get(i).memory());
    }
    return views;
  }

  private void add(MemorySegment weight, MemorySegment gradient) throws ArmUnavailableException {
    if (weight.byteSize() > Integer.MAX_VALUE) {
      close();
      throw new ArmUnavailableException(
          "tensors must have fewer than 2^31 bytes: bytes=" + weight.byteSize());
    }
    weights.add(view(weight));
    gradients.add(view(gradient));
  }

  /** A tensor of the same type over other memory, as long as this is open. */
  Tensor view(MemorySegment memory) {
    ByteBuffer bytes = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    Pointer pointer;
    ScalarType type;
    if (dtype == DType.F32) {
      pointer = new FloatPointer(bytes.asFloatBuffer());
      type = ScalarType.Float;
    } else {
      pointer = new ShortPointer(bytes.asShortBuffer());
      type = ScalarType.BFloat16;
    }
    pointers.add(pointer);
    long[] shape = {memory.byteSize() / dtype.bytes(1)};
    return torch.from_blob(pointer, shape, new TensorOptions(type));
  }

  DType dtype() {
    return dtype;
  }

  int tensors() {
    return weights.size();
  }

  Tensor weight(int tensor) {
    return weights.get(tensor);
  }

  Tensor gradient(int tensor) {
    return gradients.get(tensor);
  }

  /** Lets go of the tensors; the memory is not libtorch's. */
  @Override
  public void close() {
    weights.forEach(Tensor::close);
    gradients.forEach(Tensor::close);
    pointers.forEach(Pointer::close);
  }
}
