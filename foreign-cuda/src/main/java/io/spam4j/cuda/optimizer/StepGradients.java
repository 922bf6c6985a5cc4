package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.internal.state.TensorTable;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The gradients of the step at work, by the number of their parameter. */
final class StepGradients {
  private final List<CudaParameter> parameters;
  private final @Nullable DeviceTensor[] gradients;
  private final BitSet present;

  /** Without any. */
  StepGradients(List<CudaParameter> parameters) {
    this.parameters = parameters;
    gradients = new DeviceTensor[parameters.size()];
    present = new BitSet(gradients.length);
  }

  /**
   * Asks for all gradients and checks them; only then the table changes.
   *
   * @param source gives the gradient of a parameter by its number, or null
   * @param table receives where they are
   */
  void collect(IntFunction<@Nullable DeviceTensor> source, TensorTable table) {
    for (int i = 0; i < gradients.length; i++) {
      DeviceTensor gradient = source.apply(i);
      if (gradient != null && gradient != gradients[i]) {
        requireFit(parameters.get(i), gradient);
      }
      gradients[i] = gradient;
    }
    for (int i = 0; i < gradients.length; i++) {
      DeviceTensor gradient = gradients[i];
      table.setGradient(i, gradient == null ? 0 : gradient.buffer().address());
      present.set(i, gradient != null);
    }
  }

  private static void requireFit(CudaParameter parameter, DeviceTensor gradient) {
    if (!gradient.hasShapeOf(parameter.weights())) {
      throw new IllegalArgumentException(
          "gradient shape must equal weight shape: parameter=%s, gradient=%s, weight=%s"
              .formatted(parameter.name(), gradient, parameter.weights()));
    }
    if (gradient.overlaps(parameter.weights())) {
      throw new IllegalArgumentException(
          "gradient must not overlap weights: parameter=%s, gradient=%s, weight=%s"
              .formatted(parameter.name(), gradient, parameter.weights()));
    }
  }

  /** The gradient of a parameter; null if it has none. */
  @Nullable DeviceTensor of(int parameter) {
    return gradients[parameter];
  }

  /** Which parameters have one. */
  BitSet present() {
    return present;
  }
}
