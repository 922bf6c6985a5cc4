package io.spam4j.examples.bench.arms;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** libtorch's tensors over the weights and gradients that all arms share; nothing is copied. */
final class TorchMemory implements AutoCloseable {
  private final List<FloatPointer> pointers = new ArrayList<>();
  private final List<Tensor> weights = new ArrayList<>();
  private final List<Tensor> gradients = new ArrayList<>();

  /**
   * Wraps the memory and sets libtorch's threads, which the whole process has in common.
   *
   * @throws ArmUnavailableException if libtorch does not load, or a tensor is too large for a
   *     buffer
   */
  TorchMemory(BenchMemory memory) throws ArmUnavailableException {
    try {
      torch.set_num_threads(memory.threads());
    } catch (UnsatisfiedLinkError | NoClassDefFoundError missing) {
      throw new ArmUnavailableException("libtorch does not load: " + missing.getMessage());
    }
    for (int i = 0; i < memory.tensors(); i++) {
      if (memory.elements(i) > Integer.MAX_VALUE / Float.BYTES) {
        close();
        throw new ArmUnavailableException(
            "tensors must have fewer than 2^29 weights: weights=" + memory.elements(i));
      }
      weights.add(view(memory.weightMemory(i)));
      gradients.add(view(memory.gradientMemory(i)));
    }
  }

  private Tensor view(MemorySegment memory) {
    var pointer =
        new FloatPointer(memory.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
    pointers.add(pointer);
    return torch.from_blob(pointer, new long[] {memory.byteSize() / Float.BYTES});
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
    pointers.forEach(FloatPointer::close);
  }
}
