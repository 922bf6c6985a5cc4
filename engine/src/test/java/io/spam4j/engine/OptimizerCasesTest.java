package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table says the truth of what is in it. */
final class OptimizerCasesTest {
  static Stream<OptimizerCase> all() {
    return OptimizerCases.all();
  }

  static Stream<OptimizerCase> floats() {
    return OptimizerCases.floats();
  }

  @Test
  void names_areThoseOfFiles_andDiffer() {
    assertThat(all().map(OptimizerCase::name))
        .doesNotHaveDuplicates()
        .allMatch(name -> name.matches("[a-z][a-z0-9-]*"));
  }

  @Test
  void algorithms_areAllThatThereAre() {
    assertThat(OptimizerCases.algorithms())
        .extracting(OptimizerCase::name)
        .containsExactly(
            "adam", "adamw", "spam", "stable-spam", "lion", "sgd", "adafactor", "adam-mini");
  }

  @ParameterizedTest
  @MethodSource("all")
  void sparse_hasWeightsWithoutMoments(OptimizerCase one) {
    try (Arena arena = Arena.ofShared();
        Optimizer optimizer = one.builder(2).build(zeros(one.dtype(), arena))) {
      List<Parameter> gradients = zeros(one.dtype(), arena);
      for (int t = 0; t < 2; t++) {
        optimizer.step(name -> of(gradients, name));
      }
      assertThat(FewTensors.SHAPES.keySet().stream().anyMatch(n -> optimizer.mask(n).isPresent()))
          .isEqualTo(one.has(Trait.SPARSE));
    }
  }

  private static List<Parameter> zeros(DType dtype, Arena arena) {
    return FewTensors.SHAPES.entrySet().stream()
        .map(of -> new Parameter(of.getKey(), Tensor.allocate(arena, dtype, of.getValue())))
        .toList();
  }

  private static Tensor of(List<Parameter> all, String name) {
    return all.stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow().weights();
  }

  @ParameterizedTest
  @MethodSource("floats")
  void planner_isRefusedForTheCpuAlone(OptimizerCase one) {
    var shapes = new LinkedHashMap<>(FewTensors.SHAPES);
    if (one.has(Trait.CPU_ONLY)) {
      assertThatThrownBy(() -> one.builder(2).planner(shapes, new ZeroCopies(shapes)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "what runs on a device must have a form for it, use the CPU for this: optimizer=");
    } else {
      try (var planner = one.builder(2).planner(shapes, new ZeroCopies(shapes))) {
        assertThat(planner.names()).containsExactlyElementsOf(shapes.keySet());
      }
    }
  }
}
