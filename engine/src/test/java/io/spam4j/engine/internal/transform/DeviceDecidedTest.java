package io.spam4j.engine.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.internal.decide.AdamDecision;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.state.MomentLayout;
import io.spam4j.engine.internal.step.AdamFamily;
import io.spam4j.engine.internal.step.Compatibility;
import io.spam4j.engine.internal.step.Configuration;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Transforms that look at gradients: devices decide those that have a row for it, no others. */
final class DeviceDecidedTest {
  /** One that nobody has written a kernel for. */
  private static final class CpuLink extends TransformLink {
    CpuLink() {
      super(Kind.SCALE, /* measures= */ true, 1, /* keepsNonFinite= */ true);
    }

    @Override
    void decide(StepState step, GradientStatistics in) {}
  }

  private static Configuration configuration() {
    var adam = new AdamSettings("adam");
    var algorithm =
        new AdamFamily(
            adam,
            new LinkedHashMap<>(Map.of("transforms", "[Own]")),
            new MomentLayout(adam),
            List.of(),
            _ -> {
              throw new AssertionError("nothing is updated");
            },
            _ -> 0,
            (nonFinite, h) -> new AdamDecision(adam, nonFinite, h, Decision.ADAM));
    var h = new Hyperparameters(Schedule.constant(1), 0.9, 0.999, 1e-8, 0, 0, 1, Set.of());
    return new Configuration(
        algorithm,
        List.of(),
        NonFinitePolicy.SKIP_COORDINATE,
        0,
        List.of(),
        1,
        h.learningRate(),
        List.of(h),
        Arena::ofShared);
  }

  @Test
  void transformWithoutARow_isRefusedForDevices() {
    List<TransformLink> links = List.of(new CpuLink());
    assertThatThrownBy(() -> Compatibility.requireForDevice(configuration(), List.of("w"), links))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "what runs on a device must have a form for it, use the CPU for this: optimizer=adam,"
                + " one of its transforms is decided on the CPU alone: transforms=[Own]");
  }

  @Test
  void everyTransformThatMeasures_hasARow_andThoseThatDoNotNeedNone() {
    for (GradientTransform transform :
        List.of(
            GradientTransform.globalNorm(1),
            GradientTransform.zClip(),
            GradientTransform.value(1),
            GradientTransform.adaClip(),
            GradientTransform.adaGN(),
            GradientTransform.agc())) {
      TransformLink link = TransformLinks.of(transform, List.of(), List.of(), true, 1);
      assertThat(link instanceof DeviceDecided).as("%s", transform).isEqualTo(link.measures());
    }
  }
}
