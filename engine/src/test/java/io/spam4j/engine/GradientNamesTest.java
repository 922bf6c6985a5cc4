package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A gradient that no parameter finds, and a parameter that finds no gradient, are not silent. */
final class GradientNamesTest {
  private final Tensor weights = Tensor.of(new float[] {1, 2}, 2);
  private final Tensor other = Tensor.of(new float[] {3}, 1);

  private Optimizer build() {
    return Adam.builder()
        .build(
            List.of(
                new Parameter("layers.0.weight", weights),
                new Parameter("layers.1.weight", other)));
  }

  @Test
  void nameThatNoParameterHas_inAMap_isRefused_withTheNearest() {
    Map<String, Tensor> gradients = new HashMap<>();
    gradients.put("layers.0.wieght", Tensor.of(new float[2], 2));
    gradients.put("layers.1.weight", Tensor.of(new float[] {1}, 1));
    try (Optimizer optimizer = build()) {
      assertThatThrownBy(() -> optimizer.step(Gradients.of(gradients)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "a gradient's name must be a parameter's; give a map that has others too as map::get:"
                  + " gradient=layers.0.wieght, nearest parameter=layers.0.weight");
      assertThat(optimizer.stepCount()).isEqualTo(0);
      assertThat(weights.toFloats()).containsExactly(1, 2);
      assertThat(other.toFloats()).containsExactly(3);
      assertThat(optimizer.step(gradients::get).tensorsWithoutGradient()).isEqualTo(1);
    }
  }

  /** A source that gives one gradient under two names knows one of them, and has one too many. */
  @Test
  void nameThatNoParameterHas_isRefused_whereAnotherIsFoundUnderTwo() {
    Tensor gradient = Tensor.of(new float[2], 2);
    var tied =
        new Gradients() {
          @Override
          public Tensor of(String parameter) {
            return parameter.equals("layers.1.weight") ? Tensor.of(new float[1], 1) : gradient;
          }

          @Override
          public Set<String> names() {
            return Set.of("layers.0.weight", "layers.l.weight");
          }
        };
    try (Optimizer optimizer = build()) {
      assertThatThrownBy(() -> optimizer.step(tied))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("gradient=layers.l.weight, nearest parameter=layers.");
      assertThat(optimizer.stepCount()).isZero();
    }
  }

  @Test
  void map_isAskedAtEachStep() {
    Map<String, Tensor> gradients = new TreeMap<>();
    Gradients source = Gradients.of(gradients);
    try (Optimizer optimizer = build()) {
      assertThat(optimizer.step(source).tensorsWithoutGradient()).isEqualTo(2);
      gradients.put("layers.1.weight", Tensor.of(new float[] {1}, 1));
      assertThat(optimizer.step(source).tensorsWithoutGradient()).isEqualTo(1);
      gradients.put("", Tensor.of(new float[] {1}, 1));
      assertThatThrownBy(() -> optimizer.step(source))
          .hasMessageContaining("gradient=, nearest parameter=layers.");
      assertThat(optimizer.stepCount()).isEqualTo(2);
    }
  }

  @Test
  void nameWithoutAGradient_isNoGradient() {
    Map<String, Tensor> gradients = new HashMap<>();
    gradients.put("layers.0.weight", null);
    gradients.put("unknown", null);
    try (Optimizer optimizer = build()) {
      StepReport report = optimizer.step(Gradients.of(gradients));
      assertThat(report.tensorsWithoutGradient()).isEqualTo(2);
    }
  }

  @Test
  void report_tellsWhichTensorsHadNone() {
    try (Optimizer optimizer = build()) {
      StepReport report =
          optimizer.step(name -> name.contains("0") ? Tensor.of(new float[2], 2) : null);
      assertThat(report.tensorsWithoutGradient()).isEqualTo(1);
      assertThat(report.hasGradient(0)).isTrue();
      assertThat(report.hasGradient(1)).isFalse();
      optimizer.step(
          name -> Tensor.of(new float[name.contains("0") ? 2 : 1], name.contains("0") ? 2 : 1));
      assertThat(report.tensorsWithoutGradient()).isEqualTo(0);
    }
  }

  @Test
  void byIndex_isInTheOrderOfParameters_andTheListAsItIsAtEachStep() {
    List<Tensor> gradients = new ArrayList<>();
    gradients.add(null);
    gradients.add(Tensor.of(new float[] {1}, 1));
    IndexedGradients source = Gradients.byIndex(gradients);
    try (Optimizer optimizer = build()) {
      StepReport report = optimizer.step(source);
      assertThat(report.hasGradient(0)).isFalse();
      assertThat(report.hasGradient(1)).isTrue();
      gradients.set(0, Tensor.of(new float[2], 2));
      assertThat(optimizer.step(source).tensorsWithoutGradient()).isZero();
      assertThat(source.of(1, "layers.1.weight")).isSameAs(gradients.get(1));
      IndexedGradients unknown = i -> gradients.get(i);
      assertThat(unknown.size()).isEqualTo(IndexedGradients.UNKNOWN);
      assertThat(optimizer.step(unknown).tensorsWithoutGradient()).isZero();
    }
  }

  @Test
  void byIndex_ofAnotherSize_isRefused() {
    List<Tensor> gradients = new ArrayList<>();
    for (int size : new int[] {0, 1, 3}) {
      gradients.clear();
      gradients.addAll(Collections.nCopies(size, null));
      try (Optimizer optimizer = build()) {
        assertThatThrownBy(() -> optimizer.step(Gradients.byIndex(gradients)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage(
                "gradients by index must be as many as parameters, null where there is none:"
                    + " gradients=%d, parameters=2".formatted(size));
        assertThat(optimizer.stepCount()).isZero();
      }
    }
  }

  @Test
  void byIndex_hasNoNames() {
    IndexedGradients source = Gradients.byIndex(List.of(other));
    assertThat(source.names()).isNull();
    assertThatThrownBy(() -> source.of("layers.1.weight"))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("gradients by index have no names, ask by number: parameter=layers.1.weight");
  }
}
