package io.spam4j.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.options.MomentFormat;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabSettingsTest {
  private static final Path TEXTS = Path.of("texts");

  @Test
  void settings_unknownOptimizer_isRefused() {
    assertThatThrownBy(() -> settings(List.of("muon"), MomentFormat.F32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("optimizer must be one of " + LabOptimizer.names() + ": optimizer=muon");
  }

  @ParameterizedTest
  @CsvSource({"BF16, bf16", "INT8, int8"})
  void settings_momentsThatSomeOptimizersDoNotHave_areRefusedWithAllReasons(
      MomentFormat state, String word) {
    String family = "moments must be F32 for optimizers that are not of Adam's family: moments=";
    String plain =
        "moments must be F32 with amsgrad and with GAUSSIAN: moments=%s, amsgrad=%s, spikeAction=%s";

    assertThatThrownBy(() -> settings(LabOptimizer.names(), state))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            """
            state must be f32 with these optimizers, choose others with --optimizers: state=%1$s, optimizers=spam-gaussian,adam-amsgrad,adafactor,adam-mini,lion,sgd
              spam-gaussian: %2$s
              adam-amsgrad: %3$s
              adafactor: %4$s
              adam-mini: %4$s
              lion: %4$s
              sgd: %4$s"""
                .formatted(
                    word,
                    plain.formatted(state, false, "GAUSSIAN"),
                    plain.formatted(state, true, "CLIP"),
                    family + state));
  }

  @Test
  void settings_unknownModel_isRefused() {
    assertThatThrownBy(
            () ->
                new LabSettings(
                    TEXTS, "7b", 2, 1, List.of("spam"), MomentFormat.F32, 1, 2, 1e-3, 0, 0.5, 1000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("model must be one of tiny, small, 9m: model=7b");
  }

  @Test
  void settings_oneStep_isRefused() {
    assertThatThrownBy(
            () ->
                new LabSettings(
                    TEXTS,
                    "tiny",
                    1,
                    1,
                    List.of("spam"),
                    MomentFormat.F32,
                    1,
                    2,
                    1e-3,
                    0,
                    0.5,
                    1000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("steps must be at least 2: steps=1");
  }

  @Test
  void optimizer_fourHundredSteps_scalesTheResets() {
    assertThat(LabOptimizer.of("spam").settings(MomentFormat.BF16, 400))
        .isEqualTo(
            "betas 0.9 0.999, decay 0, theta 5000, reset every 100 steps, rewarm 15, grace 20, state bf16");
  }

  @Test
  void optimizer_fewSteps_boundsTheResets() {
    assertThat(LabOptimizer.of("spam").settings(MomentFormat.F32, 50))
        .isEqualTo(
            "betas 0.9 0.999, decay 0, theta 5000, reset every 40 steps, rewarm 6, grace 9, state f32");
  }

  private static LabSettings settings(List<String> optimizers, MomentFormat state) {
    return new LabSettings(TEXTS, "tiny", 24, 7, optimizers, state, 4, 32, 4e-3, 0.25, 0.5, 1000);
  }
}
