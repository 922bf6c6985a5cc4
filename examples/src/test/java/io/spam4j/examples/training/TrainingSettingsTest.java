package io.spam4j.examples.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.Words;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingSettingsTest {
  private static final Path TEXTS = Path.of("texts");

  @Test
  void settings_unknownOptimizer_isRefused() {
    assertThatThrownBy(() -> settings(List.of("muon"), MomentFormat.F32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("optimizer must be one of " + TrainingOptimizer.names() + ": optimizer=muon");
  }

  @ParameterizedTest
  @CsvSource({"BF16, bf16", "INT8, int8"})
  void settings_momentsThatSomeOptimizersDoNotHave_areRefusedWithAllReasons(
      MomentFormat state, String word) {
    String family = "moments must be F32 for optimizers that are not of Adam's family: moments=";
    String plain =
        "moments must be F32 with amsgrad and with GAUSSIAN: moments=%s, amsgrad=%s, spikeAction=%s";

    assertThatThrownBy(() -> settings(TrainingOptimizer.names(), state))
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
                TrainingSettings.builder()
                    .set(TrainingOption.DATA, TEXTS)
                    .set(TrainingOption.MODEL, "7b")
                    .build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("model must be one of tiny, small, 9m: model=7b");
  }

  @Test
  void settings_oneStep_isRefused() {
    assertThatThrownBy(
            () ->
                TrainingSettings.builder()
                    .set(TrainingOption.DATA, TEXTS)
                    .set(TrainingOption.STEPS, 1)
                    .build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("steps must be at least 2: steps=1");
  }

  @Test
  void settings_outOfTheirRange_areRefused() {
    assertRefused(TrainingOption.BATCH, 0, "batch must be at least 1: batch=0");
    assertRefused(TrainingOption.LENGTH, 1, "length must be at least 2: length=1");
    assertRefused(
        TrainingOption.LEARNING_RATE,
        Double.POSITIVE_INFINITY,
        "learningRate must be positive and finite: learningRate=Infinity");
    assertRefused(TrainingOption.SPIKE_RATE, 2.0, "spikeRate must be in [0, 1]: spikeRate=2.0");
    assertRefused(
        TrainingOption.SPIKE_SHARE, -0.5, "spikeShare must be in [0, 1]: spikeShare=-0.5");
    assertRefused(
        TrainingOption.SPIKE_FACTOR, Double.NaN, "spikeFactor must be finite: spikeFactor=NaN");
    assertRefused(TrainingOption.STATE, "fp8", "state must be one of f32, bf16, int8: state=fp8");
    assertRefused(
        TrainingOption.OPTIMIZERS, List.of(), "optimizers must not be empty: optimizers=[]");
    assertRefused(
        TrainingOption.OPTIMIZERS,
        List.of("spam", "spam"),
        "optimizers must differ from each other: optimizers=[spam, spam]");
  }

  private static <T> void assertRefused(TrainingOption<T> option, T value, String message) {
    TrainingSettings.Builder settings = TrainingSettings.builder().set(option, value);
    assertThatThrownBy(settings::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void texts_areThoseOfTheCommandLine() {
    TrainingSettings settings = settings(List.of("spam", "lion"), MomentFormat.F32);

    assertThat(TrainingOption.all())
        .extracting(TrainingOption::name, settings::text)
        .containsExactly(
            tuple("data", "texts"),
            tuple("model", "tiny"),
            tuple("steps", "24"),
            tuple("optimizers", "spam,lion"),
            tuple("state", "f32"),
            tuple("batch", "16"),
            tuple("length", "128"),
            tuple("learning-rate", "0.002"),
            tuple("spike-rate", "0.02"),
            tuple("spike-share", "0.5"),
            tuple("spike-factor", "1000.0"),
            tuple("seed", "42"));
  }

  @Test
  void optimizer_fourHundredSteps_scalesTheResets() {
    assertThat(TrainingOptimizer.of("spam").settings(MomentFormat.BF16, 400))
        .isEqualTo(
            "betas 0.9 0.999, decay 0, theta 5000, reset every 100 steps, rewarm 15, grace 20, state bf16");
  }

  @Test
  void optimizer_fewSteps_boundsTheResets() {
    assertThat(TrainingOptimizer.of("spam").settings(MomentFormat.F32, 50))
        .isEqualTo(
            "betas 0.9 0.999, decay 0, theta 5000, reset every 40 steps, rewarm 6, grace 9, state f32");
  }

  private static TrainingSettings settings(List<String> optimizers, MomentFormat state) {
    return TrainingSettings.builder()
        .set(TrainingOption.DATA, TEXTS)
        .set(TrainingOption.STEPS, 24)
        .set(TrainingOption.OPTIMIZERS, optimizers)
        .set(TrainingOption.STATE, Words.of(state))
        .build();
  }
}
