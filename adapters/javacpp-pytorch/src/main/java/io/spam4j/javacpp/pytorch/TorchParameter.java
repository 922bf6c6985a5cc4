package io.spam4j.javacpp.pytorch;

import io.spam4j.engine.Parameter;
import io.spam4j.tensors.DType;
import java.lang.foreign.Arena;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One parameter of a model: libtorch's tensor, the memory that it had when it was taken, and views
 * of that memory and of the gradient's.
 */
final class TorchParameter {
  /* Asking for a gradient takes about 0.25 us and leaves 370 bytes of JavaCPP's own objects behind; to
   * see that the weights are where they were takes as long and leaves 80. */
  private final String name;
  private final Tensor weights;
  // Another tensor on the memory that is viewed: it keeps that memory when the weights move away,
  // and what the weights are now is compared with what it is.
  private final Tensor home;
  private final ScalarType type;
  private final io.spam4j.tensors.Tensor view;
  private final Arena arena;
  private io.spam4j.tensors.@Nullable Tensor gradient;
  private long round; // in which the gradient was asked for last

  /** Of checked weights; holds references of its own, which outlive any PointerScope. */
  TorchParameter(String name, Tensor weights, DType viewType, Arena arena) {
    this.name = name;
    this.arena = arena;
    view = TorchLayout.view(weights, viewType, arena);
    this.weights = retain(weights);
    home = retain(weights.detach());
    type = weights.scalar_type().intern();
  }

  static Tensor retain(Tensor tensor) {
    return new Tensor(tensor).retainReference();
  }

  String name() {
    return name;
  }

  Parameter parameter() {
    return new Parameter(name, view, this::requireInPlace);
  }

  /**
   * A view of the gradient; the same one while the gradient stays where and what it is.
   *
   * @return null if the parameter is frozen or has none
   */
  io.spam4j.tensors.@Nullable Tensor gradient() {
    Tensor found = weights.requires_grad() ? weights.grad() : null;
    if (found == null || !found.defined()) {
      gradient = null;
      return null;
    }
    DType gradientType = requireFitting(found);
    io.spam4j.tensors.Tensor known = gradient;
    if (known == null
        || known.memory().address() != TorchLayout.address(found)
        || known.dtype() != gradientType) {
      known = TorchLayout.view(found, gradientType, arena);
      gradient = known;
    }
    return known;
  }

  /** Refuses a gradient; if it follows weights that moved, because of these. */
  private DType requireFitting(Tensor found) {
    try {
      DType gradientType = TorchLayout.requireReadable("gradient", name, found);
      if (!found.is_same_size(home)) {
        throw new IllegalArgumentException(
            "gradient shape must equal weight shape: parameter=%s, gradient=%s, weight=%s"
                .formatted(name, TorchLayout.shapeText(found), TorchLayout.shapeText(home)));
      }
      return gradientType;
    } catch (IllegalArgumentException refused) {
      requireInPlace();
      throw refused;
    }
  }

  boolean wasAskedIn(long latest) {
    return round == latest;
  }

  void askedIn(long latest) {
    round = latest;
  }

  /** Refuses weights that are not what and where they were: the view shows the old ones. */
  void requireInPlace() {
    String found = moved();
    if (found != null) {
      throw new IllegalStateException(
          ("weights must stay where they were, call TorchParameters.of again and build the"
                  + " optimizer from it, its state goes over by save and load: parameter=%s, %s")
              .formatted(name, found));
    }
  }

  /** libtorch itself refuses weights of another layout; the rest can come to pass. */
  private @Nullable String moved() {
    if (!weights.is_cpu()) {
      return "device=" + TorchLayout.device(weights);
    }
    if (weights.scalar_type().value != type.value) {
      return "type=%s, was=%s".formatted(weights.scalar_type().intern(), type);
    }
    if (!weights.is_same_size(home)) {
      return "shape=%s, was=%s"
          .formatted(TorchLayout.shapeText(weights), TorchLayout.shapeText(home));
    }
    if (!weights.is_contiguous()) {
      return "strides=" + TorchLayout.stridesText(weights);
    }
    if (weights.is_neg()) {
      return "negated=true";
    }
    boolean there = TorchLayout.address(weights) == view.memory().address();
    return there ? null : "memory=another";
  }

  void zeroGradient(Tensor none) {
    zeroGradient(weights, none);
  }

  /** Sets the gradient to zeros where it stands, or to none where the weights are frozen. */
  static void zeroGradient(Tensor weights, Tensor none) {
    Tensor gradient = weights.grad();
    if (!gradient.defined()) {
      return;
    }
    if (weights.requires_grad()) {
      gradient.zero_();
    } else {
      weights.mutable_grad().put(none);
    }
  }

  void close() {
    weights.close();
    home.close();
  }
}
