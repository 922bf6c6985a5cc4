package io.spam4j.javacpp.pytorch;

import org.bytedeco.pytorch.Tensor;

/** A parameter that was frozen, or had no elements, when the others were taken. */
final class LeftOutParameter {
  private final String name;
  private final Tensor weights;

  LeftOutParameter(String name, Tensor weights) {
    this.name = name;
    this.weights = TorchParameter.retain(weights);
  }

  /** Refuses what trains by now: no optimizer has it. */
  void requireNoGradient() {
    if (weights.requires_grad() && weights.numel() > 0 && weights.grad().defined()) {
      throw new IllegalStateException(
          "a parameter that was left out, being frozen or without elements, must not train: freeze"
              + " it, or call TorchParameters.of again and build the optimizer from it, its state"
              + " goes over by save and load with allowMissingParameters(): parameter="
              + name);
    }
  }

  void zeroGradient(Tensor none) {
    TorchParameter.zeroGradient(weights, none);
  }

  void close() {
    weights.close();
  }
}
