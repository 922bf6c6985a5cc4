package io.spam4j.javacpp.pytorch;

import static java.util.Objects.requireNonNull;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.SavedNames;
import io.spam4j.tensors.DType;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.StringTensorDictItem;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a libtorch model, and the gradients that autograd leaves beside them, as an
 * optimizer wants them: views of the very memory, nothing is copied. Asking libtorch for a gradient
 * leaves some hundred bytes of JavaCPP's own objects a parameter and step on the Java heap.
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
 * name, with the remedy: gradients whenever they are asked for. Only optimizers of Adam's family
 * take bfloat16; {@code weightRounding} of their builders says how its weights are rounded.
 *
 * <p><b>Weights that move.</b> {@code set_data}, {@code Module.to} and {@code Module.load} give a
 * parameter other memory, and the optimizer still has the old one. The next step, and the next save
 * or load with weights, then throws {@link IllegalStateException} with the parameter's name, before
 * anything has changed: call {@code of} again and build the optimizer from it; {@code save} and
 * {@code load} carry its state over. Values that are copied into the weights ({@code copy_} under
 * {@code NoGradGuard}) move nothing.
 *
 * <p><b>What is frozen</b> ({@code requires_grad} false) has no gradient, whatever is left in
 * {@code grad}, and so stays as it is: no decay, no moments that move on. It may be frozen and
 * unfrozen at any time. {@link #of(Module)} leaves out what is frozen when it is called, so that no
 * state is kept for it; if that trains later, the step says so.
 *
 * <p><b>Memory that JavaCPP counts.</b> JavaCPP counts all memory of the process as its own, an
 * optimizer's state too, and throws {@link OutOfMemoryError} ("Physical memory usage is too high")
 * where that is more than 4 times the heap's limit. Start Java with {@code
 * -Dorg.bytedeco.javacpp.maxPhysicalBytes=0}, which switches that off.
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
  private final Map<String, TorchParameter> taken = new LinkedHashMap<>();
  private final Map<String, LeftOutParameter> leftOut = new LinkedHashMap<>();
  private final Arena arena = Arena.ofShared();
  private final List<Parameter> parameters;
  private final Gradients gradients = this::gradient;
  // A step asks for each gradient at most once: what is asked for again begins another round.
  private long round;
  private boolean newRound = true;

  private TorchParameters(Map<String, Tensor> trained, Map<String, Tensor> rest) {
    if (trained.isEmpty()) {
      throw new IllegalArgumentException(
          "one parameter or more must train: frozen or without elements=" + rest.keySet());
    }
    Map<String, DType> types = new LinkedHashMap<>();
    trained.keySet().forEach(name -> SavedNames.require("parameter", name));
    trained.forEach((name, weights) -> types.put(name, requireTrainable(name, weights)));
    // Nothing can be refused any more: no reference is left behind by a failure.
    trained.forEach(
        (name, weights) ->
            taken.put(
                name, new TorchParameter(name, weights, requireNonNull(types.get(name)), arena)));
    rest.forEach((name, tensor) -> leftOut.put(name, new LeftOutParameter(name, tensor)));
    parameters = taken.values().stream().map(TorchParameter::parameter).toList();
  }

  /**
   * The parameters of a module and of the modules inside it that train, in the order they were
   * registered and under libtorch's names ({@code layers.0.weight}). Those that are frozen or have
   * no elements are left out; one that is registered more than once is there once, under its first
   * name.
   *
   * @throws IllegalArgumentException if none is left, or one of them is not a leaf, not dense, not
   *     contiguous, neither float32 nor bfloat16, or not in main memory
   */
  public static TorchParameters of(Module module) {
    try (var _ = new PointerScope()) {
      Map<String, Tensor> trained = new LinkedHashMap<>();
      Map<String, Tensor> skipped = new LinkedHashMap<>();
      Set<Long> seen = new HashSet<>();
      StringTensorDict named = module.named_parameters();
      for (long i = 0; i < named.size(); i++) {
        StringTensorDictItem item = named.get(i);
        Tensor tensor = item.value();
        if (seen.add(identity(tensor))) {
          boolean trains = tensor.requires_grad() && tensor.numel() > 0;
          (trains ? trained : skipped).put(item.key().getString(), tensor);
        }
      }
      return new TorchParameters(trained, skipped);
    }
  }

  /**
   * Tensors by name, in the order of the map, frozen ones too: those that are to train later can be
   * among them. Tensors without elements are left out.
   *
   * @throws IllegalArgumentException if none is left, one is there under two names, has a name that
   *     {@link Parameter} refuses, or is undefined, not a leaf, not dense, not contiguous, neither
   *     float32 nor bfloat16, or not in main memory
   */
  public static TorchParameters of(Map<String, Tensor> tensors) {
    try (var _ = new PointerScope()) {
      Map<String, Tensor> full = new LinkedHashMap<>();
      Map<String, Tensor> empty = new LinkedHashMap<>();
      Map<Long, String> seen = new HashMap<>();
      tensors.forEach(
          (name, tensor) -> {
            String other = tensor.defined() ? seen.put(identity(tensor), name) : null;
            if (other != null) {
              throw new IllegalArgumentException(
                  "a tensor must have one name: parameters=%s, %s".formatted(other, name));
            }
            (tensor.defined() && tensor.numel() == 0 ? empty : full).put(name, tensor);
          });
      return new TorchParameters(full, empty);
    }
  }

  private static long identity(Tensor tensor) {
    return tensor.unsafeGetTensorImpl().address();
  }

  private static DType requireTrainable(String name, Tensor weights) {
    DType type = TorchLayout.requireReadable("weights", name, weights);
    if (!weights.is_leaf()) {
      throw TorchLayout.refusal("weights", "be a leaf of autograd's graph, use detach()", name, "");
    }
    return type;
  }

  /** The names and weights, in a fixed order: what an optimizer is built from. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /**
   * The gradients as they are whenever one is asked for: one that moved, appeared or vanished since
   * the last step is seen, and so is one of another type. A parameter that is frozen or whose
   * gradient is undefined has none this step. While a gradient stays where and what it is, so does
   * its view.
   *
   * <p>{@link Gradients#of} throws {@link IllegalArgumentException} if there is no such parameter,
   * or the gradient is not dense, not contiguous, neither float32 nor bfloat16, not in main memory
   * or of another shape than the weights; and {@link IllegalStateException} after {@link #close},
   * or if a parameter that was left out has a gradient now. That the weights have not moved is
   * checked by the step, see {@link Parameter#inPlace}; here only where a gradient does not fit.
   */
  public Gradients gradients() {
    return gradients;
  }

  /**
   * Makes gradients ready for the next backward pass. Of what trains, every element is set to 0, in
   * place: the memory is kept and the next backward pass adds to it, so that gradients stay where
   * they are. What is frozen loses its gradient. A parameter without a gradient stays without one.
   *
   * <p>A gradient of zeros is a gradient: weights decay and moments move on, as in PyTorch with
   * {@code set_to_none=False}. Where parameters sit out some backward passes without being frozen,
   * use {@code module.zero_grad(true)}, which leaves no gradients.
   *
   * @throws IllegalStateException if this is closed
   */
  public void zeroGradients() {
    requireOpen();
    newRound = true;
    try (var _ = new NoGradGuard();
        var none = new Tensor()) {
      for (TorchParameter parameter : taken.values()) {
        parameter.zeroGradient(none);
      }
      for (LeftOutParameter parameter : leftOut.values()) {
        parameter.zeroGradient(none);
      }
    }
  }

  /** Lets go of the weights and makes every view invalid; closing again does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      taken.values().forEach(TorchParameter::close);
      leftOut.values().forEach(LeftOutParameter::close);
    }
  }

  private io.spam4j.tensors.@Nullable Tensor gradient(String name) {
    requireOpen();
    TorchParameter parameter = taken.get(name);
    if (parameter == null) {
      requireLeftOut(name);
      return null;
    }
    if (newRound || parameter.wasAskedIn(round)) {
      leftOut.values().forEach(LeftOutParameter::requireNoGradient);
      round++;
      newRound = false;
    }
    parameter.askedIn(round);
    return parameter.gradient();
  }

  /** Of an optimizer that was built from other parameters. */
  private void requireLeftOut(String name) {
    LeftOutParameter parameter = leftOut.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException(
          "no such parameter: name=%s, names=%s".formatted(name, taken.keySet()));
    }
    parameter.requireNoGradient();
  }

  private void requireOpen() {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException("parameters must not be closed: parameters=" + taken.size());
    }
  }
}
