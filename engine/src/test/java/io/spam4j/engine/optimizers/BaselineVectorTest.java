package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Steps of Adam-mini and Adafactor on memory outside the heap, by vectors, have the bits of those
 * on the heap, which are scalar at every width.
 */
@Tag("kernel")
final class BaselineVectorTest {
  private static final long[][] SHAPES = {
    {40_001}, {300, 272}, {33, 1040}, {2, 3, 30, 7}, {3, 5}, {64, 16}, {5, 31}, {}
  };

  static Stream<Arguments> optimizers() {
    List<Arguments> all = new ArrayList<>();
    for (var policy : List.of(NonFinitePolicy.SKIP_COORDINATE, NonFinitePolicy.PROPAGATE)) {
      for (double decay : new double[] {0, 0.1}) {
        String with = ", decay " + decay + ", " + policy;
        add(all, "rows" + with, () -> AdamMini.builder(AdamMini.Partition.rows()), policy, decay);
        add(all, "whole" + with, () -> AdamMini.builder(AdamMini.Partition.whole()), policy, decay);
        add(all, "adafactor" + with, Adafactor::builder, policy, decay);
        add(all, "adafactor, m" + with, () -> Adafactor.builder().beta1(0.9), policy, decay);
      }
    }
    return all.stream();
  }

  private static void add(
      List<Arguments> all,
      String name,
      Supplier<OptimizerBuilder<?>> make,
      NonFinitePolicy policy,
      double decay) {
    Supplier<OptimizerBuilder<?>> made =
        () -> {
          OptimizerBuilder<?> builder = make.get();
          builder.weightDecay(decay).nonFinite(policy);
          return builder;
        };
    all.add(Arguments.of(Named.of(name, made)));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void steps_haveTheBitsOfTheScalarForm(Supplier<OptimizerBuilder<?>> make) {
    try (Arena arena = Arena.ofShared();
        var vectors = new Run(make.get().threads(2), shape -> outside(arena, shape));
        var scalars = new Run(make.get().threads(1), Run::heap)) {
      for (int t = 0; t < 3; t++) {
        StepReport expected = scalars.step(t);
        StepReport actual = vectors.step(t);
        assertThat(actual.skippedCoordinates()).isEqualTo(expected.skippedCoordinates());
        assertThat(actual.clampedCoordinates()).isEqualTo(expected.clampedCoordinates());
        assertThat(vectors.bits()).isEqualTo(scalars.bits());
      }
    }
  }

  private static Tensor outside(Arena arena, long[] shape) {
    return Tensor.allocate(arena, DType.F32, shape);
  }

  /** An optimizer, its weights and gradients. */
  private static final class Run implements AutoCloseable {
    private final List<Parameter> parameters = new ArrayList<>();
    private final Map<String, Tensor> gradients = new HashMap<>();
    private final Optimizer optimizer;
    private final Random random = new Random(1);

    /** Where tensors come from. */
    @FunctionalInterface
    interface Maker {
      Tensor of(long[] shape);
    }

    Run(OptimizerBuilder<?> builder, Maker maker) {
      for (int i = 0; i < SHAPES.length; i++) {
        Tensor weights = maker.of(SHAPES[i]);
        draw(weights);
        parameters.add(new Parameter("p" + i, weights));
        gradients.put("p" + i, maker.of(SHAPES[i]));
      }
      optimizer = builder.build(parameters);
    }

    static Tensor heap(long[] shape) {
      return Tensor.of(new float[(int) Tensor.elements(shape)], shape);
    }

    private void draw(Tensor tensor) {
      for (long i = 0; i < tensor.elements(); i++) {
        tensor.setFloat(i, (float) random.nextGaussian());
      }
    }

    /** With one gradient in each tensor that is not finite, and large and small ones beside it. */
    StepReport step(int t) {
      for (Parameter parameter : parameters) {
        Tensor gradient = Objects.requireNonNull(gradients.get(parameter.name()));
        draw(gradient);
        long n = gradient.elements();
        if (t > 0 && n > 1) {
          gradient.setFloat(n / 2, t == 1 ? Float.NaN : Float.NEGATIVE_INFINITY);
          gradient.setFloat(n / 3, 1e30f);
          gradient.setFloat(n - 1, 1e-40f);
        }
      }
      return optimizer.step(Gradients.of(gradients));
    }

    List<List<Integer>> bits() {
      List<List<Integer>> all = new ArrayList<>();
      for (Parameter parameter : parameters) {
        all.add(bits(parameter.weights()));
        optimizer.state(parameter.name()).values().forEach(state -> all.add(bits(state)));
      }
      return all;
    }

    private static List<Integer> bits(Tensor tensor) {
      List<Integer> bits = new ArrayList<>();
      for (long i = 0; i < tensor.elements(); i++) {
        bits.add(tensor.memory().get(ValueLayout.JAVA_INT_UNALIGNED, i * Float.BYTES));
      }
      return bits;
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }
}
