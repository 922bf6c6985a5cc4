package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCases;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whoever keeps a list of all algorithms has those of the table in it. */
final class AlgorithmNamesTest {
  private static final class Own extends MomentBuilder<Own> {
    Own(String name) {
      super(name);
    }

    @Override
    protected Own self() {
      return this;
    }
  }

  static List<OptimizerCase> algorithms() {
    return OptimizerCases.algorithms();
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void name_isKnownToLoads_andTaken(OptimizerCase one) {
    Parameter parameter = new Parameter("w", Tensor.of(new float[4], 2, 2));
    try (Optimizer optimizer = one.builder(0).build(List.of(parameter))) {
      String name = optimizer.toString().substring(0, optimizer.toString().indexOf('['));
      assertThat(StateMeaning.isKnown(name)).as(name).isTrue();
      assertThatThrownBy(() -> new Own(name))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("an own optimizer must have a name that no other has: name=" + name);
    }
  }
}
