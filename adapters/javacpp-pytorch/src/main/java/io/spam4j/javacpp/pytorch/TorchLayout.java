package io.spam4j.javacpp.pytorch;

import io.spam4j.tensors.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.Layout;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** How a tensor of libtorch lies in memory, and whether a view can show it. */
final class TorchLayout {
  private TorchLayout() {}

  /** A view of the tensor's memory, as long as the arena is open. */
  @SuppressWarnings(
      "restricted") // The address and size are libtorch's own, and it owns the memory.
  static io.spam4j.tensors.Tensor view(Tensor tensor, DType type, Arena arena) {
    MemorySegment memory =
        MemorySegment.ofAddress(address(tensor)).reinterpret(tensor.nbytes(), arena, null);
    return io.spam4j.tensors.Tensor.of(memory, type, shape(tensor));
  }

  /** 0 for a tensor without memory: libtorch allocates none for one without elements. */
  static long address(Tensor tensor) {
    Pointer data = tensor.data_ptr();
    return data == null ? 0 : data.address();
  }

  /** Checks what a view can show, and returns its type. */
  static DType requireReadable(String subject, String name, Tensor tensor) {
    if (!tensor.defined()) {
      throw refusal(subject, "be defined", name, "");
    }
    if (!tensor.is_cpu()) {
      String device = "device=" + device(tensor);
      throw refusal(subject, "be on the CPU, move the model there first", name, device);
    }
    Layout layout = tensor.layout().intern();
    if (layout != Layout.Strided) {
      throw refusal(subject, "be dense, use to_dense()", name, "layout=" + layout);
    }
    DType type = type(subject, name, tensor.scalar_type().intern());
    if (tensor.is_neg()) {
      throw refusal(subject, "not be a view that negates, use resolve_neg()", name, "");
    }
    if (!tensor.is_contiguous()) {
      String found = "shape=%s, strides=%s".formatted(shapeText(tensor), stridesText(tensor));
      throw refusal(subject, "be contiguous, use contiguous()", name, found);
    }
    return type;
  }

  private static DType type(String subject, String name, ScalarType type) {
    if (type == ScalarType.Float) {
      return DType.F32;
    }
    if (type == ScalarType.BFloat16) {
      return DType.BF16;
    }
    throw refusal(
        subject, "be float32 or bfloat16, use to(ScalarType.Float)", name, "type=" + type);
  }

  static IllegalArgumentException refusal(String subject, String rule, String name, String found) {
    String detail = found.isEmpty() ? "" : ", " + found;
    return new IllegalArgumentException(
        "%s must %s: parameter=%s%s".formatted(subject, rule, name, detail));
  }

  static String shapeText(Tensor tensor) {
    return Arrays.toString(shape(tensor));
  }

  static String stridesText(Tensor tensor) {
    return Arrays.toString(longs(tensor.strides()));
  }

  static String device(Tensor tensor) {
    try (Device device = tensor.device();
        BytePointer text = device.str()) {
      return text.getString();
    }
  }

  private static long[] shape(Tensor tensor) {
    return longs(tensor.sizes());
  }

  private static long[] longs(LongArrayRef values) {
    try (values;
        LongVector copy = values.vec()) {
      return copy.get();
    }
  }
}
