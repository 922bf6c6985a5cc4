package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Mode;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.AdamW;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An infinite norm is infinite on a device too: its factor is 0, and NaN is what is not finite. */
final class CudaInfiniteGradientTest {
  private static final float NAN = Float.NaN;
  private static final float INFINITY = Float.POSITIVE_INFINITY;

  private StandInDevice standIn;

  @BeforeEach
  void open() {
    standIn = StandInDevice.open(Mode.LAZY);
  }

  @AfterEach
  void close() {
    standIn.close();
  }

  private DeviceTensor tensor(float... values) {
    DeviceTensor tensor =
        DeviceTensor.of(standIn.device().allocate(4L * values.length), values.length);
    try (Arena arena = Arena.ofConfined()) {
      standIn.stream().upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, values), tensor.buffer());
      standIn.stream().synchronize();
    }
    return tensor;
  }

  private float[] values(DeviceTensor tensor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(tensor.buffer().bytes());
      standIn.stream().download(tensor.buffer(), values);
      standIn.stream().synchronize();
      return values.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private StepReport step(
      DeviceTensor weights, DeviceTensor other, DeviceTensor gradient, GradientTransform... chain) {
    AdamW.Builder settings =
        AdamW.builder().weightDecay(0).nonFinite(NonFinitePolicy.PROPAGATE).transforms(chain);
    List<CudaParameter> parameters =
        List.of(new CudaParameter("w", weights), new CudaParameter("other", other));
    try (CudaOptimizer optimizer = CudaOptimizer.build(settings, standIn.stream(), parameters)) {
      DeviceTensor finite = tensor(5, 6);
      optimizer.step(name -> name.equals("w") ? gradient : finite);
      return optimizer.report();
    }
  }

  @Test
  void globalNorm_ofAnInfiniteNorm_isZero() {
    DeviceTensor weights = tensor(1, 2, 3);
    DeviceTensor other = tensor(7, 8);
    StepReport report =
        step(weights, other, tensor(3, INFINITY, 4), GradientTransform.globalNorm(1));
    assertThat(values(weights)).containsExactly(1, NAN, 3);
    assertThat(values(other)).containsExactly(7, 8);
    assertThat(report.gradientNorm()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(report.gradientNorm(1)).isEqualTo(Math.sqrt(61));
    assertThat(report.gradientScale(1)).isEqualTo(0);
  }

  @Test
  void globalNorm_ofANormThatIsNaN_isNaN() {
    DeviceTensor weights = tensor(1, 2, 3);
    DeviceTensor other = tensor(7, 8);
    StepReport report =
        step(weights, other, tensor(NAN, INFINITY, 4), GradientTransform.globalNorm(1));
    assertThat(values(weights)).containsExactly(NAN, NAN, NAN);
    assertThat(values(other)).containsExactly(NAN, NAN);
    assertThat(report.gradientNorm()).isNaN();
  }

  @Test
  void infinityTimesZero_isNaN_toWhatFollows() {
    DeviceTensor weights = tensor(1, 2, 3);
    DeviceTensor other = tensor(7, 8);
    StepReport report =
        step(
            weights,
            other,
            tensor(3, INFINITY, 4),
            GradientTransform.globalNorm(1),
            GradientTransform.globalNorm(1));
    assertThat(report.gradientScale(0)).isNaN();
    assertThat(values(other)).containsExactly(NAN, NAN);
  }
}
