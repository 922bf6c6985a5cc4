package io.spam4j.cuda.internal.twins;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The engine's own optimizer, with its weights and gradients: what a device is compared with. */
public final class CpuTwin implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
  private final SequencedMap<String, Tensor> gradients = new LinkedHashMap<>();
  private final Optimizer optimizer;
  private @Nullable StepReport report;

  /** Draws weights, and builds the optimizer for one thread. */
  CpuTwin(OptimizerBuilder<?> settings, Map<String, long[]> shapes) {
    var random = new Random(1);
    shapes.forEach(
        (name, shape) -> {
          Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
          for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, (float) random.nextGaussian());
          }
          weights.put(name, tensor);
          gradients.put(name, Tensor.allocate(arena, DType.F32, shape));
        });
    List<Parameter> parameters = new ArrayList<>();
    weights.forEach((name, tensor) -> parameters.add(new Parameter(name, tensor)));
    try {
      optimizer = settings.threads(1).build(parameters);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  public Optimizer optimizer() {
    return optimizer;
  }

  /** The weights by name, in the order of the parameters. */
  SequencedMap<String, Tensor> weights() {
    return Collections.unmodifiableSequencedMap(weights);
  }

  /** The gradient of a parameter, to be filled. */
  public Tensor gradient(String name) {
    return Objects.requireNonNull(gradients.get(name));
  }

  /** All gradients, in the order of the parameters. */
  public Collection<Tensor> gradients() {
    return gradients.values();
  }

  /** What the last step has told; null before the first. */
  @Nullable StepReport report() {
    return report;
  }

  /** Steps with the gradients of some parameters. */
  public void step(Predicate<String> hasGradient) {
    report = optimizer.step(name -> hasGradient.test(name) ? gradient(name) : null);
  }

  @Override
  public void close() {
    optimizer.close();
    arena.close();
  }
}
