package io.spam4j.javacpp.pytorch;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.StringTensorDictItem;
import org.bytedeco.pytorch.global.torch.Layout;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a libtorch model, and the gradients that autograd leaves beside them, as an
 * optimizer wants them: views of the very memory, nothing is copied.
 *
 * {@snippet lang = java:
 * try (var torch = TorchParameters.of(model);
 *     var optimizer = Spam.builder().learningRate(2e-3).build(torch.parameters())) {
 *   for (Batch batch : batches) {
 *     try (var scope = new PointerScope()) { // frees the activations of this step
 *       loss(model, batch).backward();
 *       optimizer.step(torch.gradients());
 *       torch.zeroGradients();
 *     }
 *   }
 * }
 * }
 *
 * <p>Weights and gradients must be dense, contiguous, in main memory, and float32 or bfloat16, each
 * tensor by itself: weights in bfloat16 may have gradients in float32. Anything else is refused by
 * name, with the remedy. Weights are checked once, gradients whenever they are asked for. Only
 * optimizers of Adam's family take bfloat16; {@code weightRounding} of their builders says how its
 * weights are rounded.
 *
 * <p><b>When to step.</b> A step writes weights behind autograd's back: the version counters that
 * tell it that a tensor changed stay as they are. So step only after the backward pass and before
 * the next forward pass; a backward pass over a graph that was built before the step would silently
 * use the new weights.
 *
 * <p><b>Lifetime.</b> The weights are kept alive until {@link #close}, whatever happens to the
 * model. After it every view throws {@link IllegalStateException} instead of touching freed memory.
 * A gradient belongs to autograd alone: its view is good until the gradient is accumulated anew,
 * replaced or dropped. The views may be used by any thread, but this object by one at a time.
 */
public final class TorchParameters implements AutoCloseable {
  private final Map<String, Slot> slots = new LinkedHashMap<>();
  private final Arena arena = Arena.ofShared();
  private final List<Parameter> parameters = new ArrayList<>();
  private final Gradients gradients = this::gradient;

  private TorchParameters(Map<String, org.bytedeco.pytorch.Tensor> tensors) {
    tensors.forEach(
        (name, weights) -> {
          DType type = requireReadable("weights", name, weights);
          if (!weights.is_leaf()) {
            throw refusal("weights", "be a leaf of autograd's graph, use detach()", name, "");
          }
          parameters.add(new Parameter(name, view(weights, type)));
        });
    // Nothing can be refused any more: no reference is left behind by a failure.
    tensors.forEach((name, weights) -> slots.put(name, new Slot(retain(weights))));
  }

  /**
   * The parameters of a module and of the modules inside it, in the order they were registered and
   * under libtorch's names ({@code layers.0.weight}).
   *
   * @throws IllegalArgumentException if a parameter is undefined, not a leaf, not dense, not
   *     contiguous, neither float32 nor bfloat16, not in main memory, or has no elements
   */
  public static TorchParameters of(Module module) {
    try (var _ = new PointerScope()) {
      Map<String, org.bytedeco.pytorch.Tensor> tensors = new LinkedHashMap<>();
      StringTensorDict named = module.named_parameters();
      for (long i = 0; i < named.size(); i++) {
        StringTensorDictItem item = named.get(i);
        tensors.put(item.key().getString(), item.value());
      }
      return new TorchParameters(tensors);
    }
  }

  /**
   * Tensors by name, in the order of the map.
   *
   * @throws IllegalArgumentException if a tensor is undefined, not a leaf, not dense, not
   *     contiguous, neither float32 nor bfloat16, not in main memory, or has no elements
   */
  public static TorchParameters of(Map<String, org.bytedeco.pytorch.Tensor> tensors) {
    return new TorchParameters(tensors);
  }

  /** The names and weights, in a fixed order: what an optimizer is built from. */
  public List<Parameter> parameters() {
    return List.copyOf(parameters);
  }

  /**
   * The gradients as they are whenever one is asked for: one that moved, appeared or vanished since
   * the last step is seen, and so is one of another type. A parameter whose gradient is undefined
   * has none this step. While a gradient stays where and what it is, so does its view.
   *
   * <p>{@link Gradients#of} throws {@link IllegalArgumentException} if the gradient is not dense,
   * not contiguous, neither float32 nor bfloat16, not in main memory or of another shape than the
   * weights, and {@link IllegalStateException} after {@link #close}.
   */
  public Gradients gradients() {
    return gradients;
  }

  /**
   * Sets every element of every gradient to 0, in place: the memory is kept and the next backward
   * pass adds to it, so that gradients stay where they are. A parameter without a gradient stays
   * without one.
   *
   * @throws IllegalStateException if this is closed
   */
  public void zeroGradients() {
    requireOpen();
    try (var _ = new NoGradGuard()) {
      for (Slot slot : slots.values()) {
        org.bytedeco.pytorch.Tensor gradient = slot.weights.grad();
        if (gradient.defined()) {
          gradient.zero_();
        }
      }
    }
  }

  /** Lets go of the weights and makes every view invalid; closing again does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      for (Slot slot : slots.values()) {
        slot.weights.close();
      }
    }
  }

  private @Nullable Tensor gradient(String name) {
    requireOpen();
    Slot slot = slots.get(name);
    if (slot == null) {
      return null;
    }
    org.bytedeco.pytorch.Tensor gradient = slot.weights.grad();
    if (!gradient.defined()) {
      slot.view = null;
      return null;
    }
    DType type = requireReadable("gradient", name, gradient);
    if (!gradient.is_same_size(slot.weights)) {
      throw new IllegalArgumentException(
          "gradient shape must equal weight shape: parameter=%s, gradient=%s, weight=%s"
              .formatted(
                  name, Arrays.toString(shape(gradient)), Arrays.toString(shape(slot.weights))));
    }
    Tensor view = slot.view;
    if (view == null || view.memory().address() != address(gradient) || view.dtype() != type) {
      view = view(gradient, type);
      slot.view = view;
    }
    return view;
  }

  private void requireOpen() {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException("parameters must not be closed: parameters=" + slots.size());
    }
  }

  @SuppressWarnings(
      "restricted") // The address and size are libtorch's own, and it owns the memory.
  private Tensor view(org.bytedeco.pytorch.Tensor tensor, DType type) {
    MemorySegment memory =
        MemorySegment.ofAddress(address(tensor)).reinterpret(tensor.nbytes(), arena, null);
    return Tensor.of(memory, type, shape(tensor));
  }

  /** 0 for a tensor without memory: libtorch allocates none for one without elements. */
  private static long address(org.bytedeco.pytorch.Tensor tensor) {
    Pointer data = tensor.data_ptr();
    return data == null ? 0 : data.address();
  }

  /** One more reference to the same libtorch tensor, which outlives any {@link PointerScope}. */
  private static org.bytedeco.pytorch.Tensor retain(org.bytedeco.pytorch.Tensor tensor) {
    return new org.bytedeco.pytorch.Tensor(tensor).retainReference();
  }

  /** Checks what a view can show, and returns its type. */
  private static DType requireReadable(
      String subject, String name, org.bytedeco.pytorch.Tensor tensor) {
    if (!tensor.defined()) {
      throw refusal(subject, "be defined", name, "");
    }
    if (!tensor.is_cpu()) {
      String device = text(tensor.device());
      throw refusal(subject, "be on the CPU, move the model there first", name, "device=" + device);
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
      String layoutText =
          "shape=%s, strides=%s"
              .formatted(Arrays.toString(shape(tensor)), Arrays.toString(strides(tensor)));
      throw refusal(subject, "be contiguous, use contiguous()", name, layoutText);
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

  private static IllegalArgumentException refusal(
      String subject, String rule, String name, String found) {
    String detail = found.isEmpty() ? "" : ", " + found;
    return new IllegalArgumentException(
        "%s must %s: parameter=%s%s".formatted(subject, rule, name, detail));
  }

  private static long[] shape(org.bytedeco.pytorch.Tensor tensor) {
    return longs(tensor.sizes());
  }

  private static long[] strides(org.bytedeco.pytorch.Tensor tensor) {
    return longs(tensor.strides());
  }

  private static long[] longs(LongArrayRef values) {
    try (values;
        LongVector copy = values.vec()) {
      return copy.get();
    }
  }

  private static String text(Device device) {
    try (device;
        BytePointer text = device.str()) {
      return text.getString();
    }
  }

  private static final class Slot {
    final org.bytedeco.pytorch.Tensor weights;
    @Nullable Tensor view;

    Slot(org.bytedeco.pytorch.Tensor weights) {
      this.weights = weights;
    }
  }
}
