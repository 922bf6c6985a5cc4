package io.spam4j.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.output.Curve;
import io.spam4j.examples.training.StepSample;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunCurvesTest {
  @Test
  void smoothed_isTheMeanOfTheStepsBehind() {
    Curve curve = RunCurves.smoothed(samples(4, 2, 6, 8), 2, 1);

    assertThat(curve.x()).containsExactly(1, 2, 3, 4);
    assertThat(curve.y()).containsExactly(4.0, 3.0, 4.0, 7.0);
  }

  @Test
  void smoothed_breaksWhereALossIsNotFinite() {
    Curve curve = RunCurves.smoothed(samples(4, Double.NaN, 6, 8), 2, 1);

    assertThat(curve.y()).containsExactly(4.0, null, null, 7.0);
  }

  @Test
  void smoothed_endsWithTheLastStep() {
    Curve curve = RunCurves.smoothed(samples(1, 2, 3, 4, 5), 1, 2);

    assertThat(curve.x()).containsExactly(2, 4, 5);
    assertThat(curve.y()).containsExactly(2.0, 4.0, 5.0);
  }

  @Test
  void largest_keepsThePeakOfEachStride() {
    Curve curve = RunCurves.largest(samples(1, 9, 3, 2, 5), StepSample::loss, 2);

    assertThat(curve.x()).containsExactly(2, 3, 5);
    assertThat(curve.y()).containsExactly(9.0, 3.0, 5.0);
  }

  @Test
  void largest_passesOverWhatIsNotFinite() {
    Curve curve =
        RunCurves.largest(
            samples(Double.NaN, 2, Double.POSITIVE_INFINITY, Double.NaN), StepSample::loss, 2);

    assertThat(curve.x()).containsExactly(2, 3);
    assertThat(curve.y()).containsExactly(2.0, null);
  }

  @Test
  void stride_keepsAtMostAThousandPoints() {
    assertThat(List.of(RunCurves.stride(0), RunCurves.stride(1000), RunCurves.stride(1001)))
        .containsExactly(1, 1, 2);
  }

  private static List<StepSample> samples(double... losses) {
    List<StepSample> samples = new ArrayList<>();
    for (double loss : losses) {
      samples.add(new StepSample(samples.size() + 1, loss, 0, 0, false, false));
    }
    return samples;
  }
}
