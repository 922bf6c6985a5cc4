package io.spam4j.engine.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.analysis.SpikeCensus.StepSpikes;
import io.spam4j.engine.analysis.SpikeCensus.TensorSpikes;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class GradientSpikeScoreTest {
  private static final List<Parameter> ONE = List.of(parameter("w", 3));

  static Parameter parameter(String name, int elements) {
    return new Parameter(name, Tensor.of(new float[elements], elements));
  }

  static Gradients gradients(float... values) {
    return _ -> Tensor.of(values, values.length);
  }

  /** A history for each step's gradients of one tensor. */
  private static SpikeCensus census(double threshold, List<float[]> steps) {
    try (var score =
        GradientSpikeScore.of(List.of(parameter("w", steps.getFirst().length)), threshold)) {
      steps.forEach(step -> score.record(gradients(step)));
      steps.forEach(step -> score.score(gradients(step)));
      return score.census();
    }
  }

  @Test
  void score_isTheMagnitudeOverTheMeanOfTheWholeRun() {
    // Coordinate 0: mean (1+1+1+5)/4 = 2, scores .5 .5 .5 2.5. Coordinate 1: mean (2+0+0+6)/4 = 2,
    // scores 1 0 0 3. Coordinate 2 is always 0: no score.
    SpikeCensus census =
        census(
            2,
            List.of(
                new float[] {1, -2, 0},
                new float[] {-1, 0, -0f},
                new float[] {1, 0, 0},
                new float[] {-5, 6, 0}));

    assertThat(census)
        .isEqualTo(
            new SpikeCensus(
                2,
                4,
                List.of(new TensorSpikes("w", 3, 2, List.of(new StepSpikes(4, 2)), 3, 4, 0))));
  }

  @Test
  void spike_isAboveTheThreshold_notAtIt() {
    // mean 50, score of the last step 100/50 = 2
    List<float[]> run = List.of(new float[] {0}, new float[] {100});

    assertThat(census(2, run).spikes()).isEqualTo(0);
    assertThat(census(Math.nextDown(2.0), run).spikes()).isEqualTo(1);
    assertThat(census(2, run).tensors().getFirst().largestScore()).isEqualTo(2);
  }

  @Test
  void spike_canBeAtTheFirstStep() {
    // mean (9+0+0)/3 = 3
    SpikeCensus census = census(2.5, List.of(new float[] {9}, new float[] {0}, new float[] {0}));

    assertThat(census.locations()).containsExactly(new StepSpikes(1, 1));
  }

  @Test
  void largestStep_isTheFirstOfEqualScores() {
    SpikeCensus census =
        census(50, List.of(new float[] {0.1f}, new float[] {0.3f}, new float[] {-0.3f}));

    assertThat(census.tensors().getFirst().largestStep()).isEqualTo(2);
  }

  @Test
  void nonFinite_isCountedAndLeftOutOfTheMean() {
    // Finite: 1, 1, 4: mean 2, scores .5 .5 2. With NaN as 0 the mean were 1.2 and the score 3.3.
    SpikeCensus census =
        census(
            1.5,
            List.of(
                new float[] {1},
                new float[] {Float.NaN},
                new float[] {1},
                new float[] {Float.NEGATIVE_INFINITY},
                new float[] {4}));

    assertThat(census.tensors())
        .containsExactly(new TensorSpikes("w", 1, 1, List.of(new StepSpikes(5, 1)), 2, 5, 2));
    assertThat(census.nonFinite()).isEqualTo(2);
  }

  @Test
  void nonFinite_alone_hasNoScore() {
    assertThat(census(1, List.of(new float[] {Float.NaN})).tensors())
        .containsExactly(new TensorSpikes("w", 1, 0, List.of(), 0, 0, 1));
  }

  @Test
  void largestFloats_doNotOverflow() {
    float[] large = {Float.MAX_VALUE};

    assertThat(census(1, List.of(large, large, new float[] {0})).tensors())
        .containsExactly(
            new TensorSpikes(
                "w", 1, 2, List.of(new StepSpikes(1, 1), new StepSpikes(2, 1)), 1.5, 1, 0));
  }

  @Test
  void absentGradient_isLeftOutOfTheMean() {
    // a: at every step, mean 2; b: only at steps 1 and 3, mean (1+3)/2 = 2.
    List<Parameter> parameters = List.of(parameter("a", 1), parameter("b", 1));
    List<Gradients> run =
        List.of(
            Gradients.of(Map.of("a", Tensor.of(new float[] {2}, 1), "b", one(1))),
            Gradients.of(Map.of("a", Tensor.of(new float[] {2}, 1))),
            Gradients.of(Map.of("a", Tensor.of(new float[] {2}, 1), "b", one(3))));
    try (var score = GradientSpikeScore.of(parameters, 1.25)) {
      run.forEach(score::record);

      assertThat(run.stream().map(score::score)).containsExactly(0L, 0L, 1L);
      assertThat(score.meanMagnitude("b", 0)).isEqualTo(2);
      assertThat(score.census().tensors())
          .containsExactly(
              new TensorSpikes("a", 1, 0, List.of(), 1, 1, 0),
              new TensorSpikes("b", 1, 1, List.of(new StepSpikes(3, 1)), 1.5, 3, 0));
    }
  }

  @Test
  void census_goesThroughARunTwice_atThePapersThreshold() {
    // 99 steps of 1 and a step of 100: mean 1.99, score 50.25. With 99 it is 50.0: mean 1.98.
    assertThat(GradientSpikeScore.census(List.of(parameter("w", 1)), hundred(100)).locations())
        .containsExactly(new StepSpikes(31, 1));
    assertThat(GradientSpikeScore.census(List.of(parameter("w", 1)), hundred(99)).spikes())
        .isEqualTo(0);
  }

  private static List<Gradients> hundred(float spike) {
    Gradients[] run = new Gradients[100];
    Arrays.setAll(run, step -> gradients(step == 30 ? spike : -1));
    return Arrays.asList(run);
  }

  @Test
  void shapes_areEnough() {
    try (var score = GradientSpikeScore.ofShapes(Map.of("w", new long[] {2, 1}), 50)) {
      score.record(_ -> Tensor.of(new float[] {1, 3}, 2, 1));

      assertThat(score.meanMagnitude("w", 1)).isEqualTo(3);
    }
  }

  @Test
  void memory_is8BytesAWeight_and4MoreAfterANaN() {
    try (var score = GradientSpikeScore.of(List.of(parameter("a", 3), parameter("b", 5)), 50)) {
      score.record(name -> name.equals("a") ? Tensor.of(new float[3], 3) : null);
      assertThat(score.memoryBytes()).isEqualTo(8 * 8);

      float[] bad = {0, 0, 0, 0, Float.NaN};
      score.record(name -> name.equals("b") ? Tensor.of(bad, 5) : null);
      assertThat(score.memoryBytes()).isEqualTo(8 * 8 + 4 * 5);
    }
  }

  @Test
  void passes_outOfOrderAreRefused() {
    try (var score = GradientSpikeScore.of(ONE, 50)) {
      assertThatThrownBy(() -> score.score(gradients(1, 1, 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("only recorded steps can be scored: recorded=0, scored=0");
      score.record(gradients(1, 1, 1));
      score.record(gradients(2, 2, 2));
      score.score(gradients(1, 1, 1));
      assertThatThrownBy(() -> score.record(gradients(1, 1, 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "all steps must be recorded before the first is scored: recorded=2, scored=1");
      assertThatThrownBy(score::census)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("every recorded step must be scored: recorded=2, scored=1");
    }
  }

  @Test
  void passes_withOtherGradientsAreRefused() {
    try (var score = GradientSpikeScore.of(ONE, 50)) {
      score.record(gradients(1, 1, 1));
      score.score(gradients(1, 1.0000001f, 1));

      assertThatThrownBy(score::census)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "both passes must see the same gradients; replay with the same seeds, data and"
                  + " weights: parameters=[w]");
    }
    try (var score = GradientSpikeScore.of(ONE, 50)) {
      score.record(gradients(0, 0, 0));
      score.score(_ -> null);

      assertThatThrownBy(score::census).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void misfits_areRefused_andCountNothing() {
    List<Parameter> parameters = List.of(parameter("a", 1), parameter("b", 2));
    Tensor good = Tensor.of(new float[] {7}, 1);
    try (var score = GradientSpikeScore.of(parameters, 50)) {
      refuses(
          score,
          Map.of("a", good, "b", Tensor.of(new float[3], 3)),
          "gradient shape must equal weight shape: parameter=b, gradient=[3], weight=[2]");
      try (Arena arena = Arena.ofConfined()) {
        refuses(
            score,
            Map.of("a", good, "b", Tensor.allocate(arena, DType.BF16, 2)),
            "gradient must be F32: parameter=b, dtype=BF16");
      }
      Tensor dead;
      try (Arena arena = Arena.ofConfined()) {
        dead = Tensor.allocate(arena, DType.F32, 2);
      }
      refuses(
          score,
          Map.of("a", good, "b", dead),
          "gradient must be alive, but its arena was closed: parameter=b");

      assertThat(score.meanMagnitude("a", 0)).isNaN();
    }
  }

  @Test
  void gradient_ofAnotherThreadIsRefused() throws InterruptedException {
    try (var score = GradientSpikeScore.of(List.of(parameter("w", 2)), 50);
        Arena arena = Arena.ofConfined()) {
      Tensor gradient = Tensor.allocate(arena, DType.F32, 2);
      Throwable[] thrown = new Throwable[1];
      Thread other =
          Thread.ofPlatform()
              .uncaughtExceptionHandler((_, e) -> thrown[0] = e)
              .start(() -> score.record(_ -> gradient));
      other.join();

      assertThat(thrown[0])
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("gradient must lie in memory that this thread may use: parameter=w");
    }
  }

  private static void refuses(
      GradientSpikeScore score, Map<String, Tensor> gradients, String message) {
    assertThatThrownBy(() -> score.record(Gradients.of(gradients))).hasMessage(message);
  }

  @Test
  void settings_outOfRangeAreRefused() {
    assertThatThrownBy(() -> GradientSpikeScore.of(List.of(), 50))
        .hasMessage("spikes are counted in parameters: parameters=[]");
    assertThatThrownBy(
            () -> GradientSpikeScore.of(List.of(parameter("w", 1), parameter("w", 2)), 50))
        .hasMessage("parameter names must be unique: name=w");
    for (double threshold : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> GradientSpikeScore.of(ONE, threshold))
          .hasMessage("threshold must be positive and finite: threshold=" + threshold);
    }
    assertThatThrownBy(
            () -> GradientSpikeScore.ofShapes(Map.of("w", new long[] {1L << 30, 1L << 30}), 50))
        .hasMessage(
            "shape must have positive extents and at most 2^59 elements: parameter=w,"
                + " shape=[1073741824, 1073741824]");
    assertThatThrownBy(() -> GradientSpikeScore.ofShapes(Map.of("w", new long[] {2, 0}), 50))
        .hasMessage(
            "shape must have positive extents and at most 2^59 elements: parameter=w,"
                + " shape=[2, 0]");
  }

  @Test
  void meanMagnitude_namesWhatThereIsNot() {
    try (var score = GradientSpikeScore.of(ONE, 50)) {
      assertThatThrownBy(() -> score.meanMagnitude("x", 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("no such parameter: name=x, names=[w]");
      for (long index : new long[] {-1, 3}) {
        assertThatThrownBy(() -> score.meanMagnitude("w", index))
            .isInstanceOf(IndexOutOfBoundsException.class)
            .hasMessage(
                "index must be in the parameter: parameter=w, index=%d, elements=3"
                    .formatted(index));
      }
    }
  }

  @Test
  void closed_isRefused() {
    var score = GradientSpikeScore.of(ONE, 50);
    score.close();
    score.close();

    assertThatThrownBy(() -> score.record(gradients(1, 1, 1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the history must be open: it was closed");
  }

  private static Tensor one(float value) {
    return Tensor.of(new float[] {value}, 1);
  }
}
