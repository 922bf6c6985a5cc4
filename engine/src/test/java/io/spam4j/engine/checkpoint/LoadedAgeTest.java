package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a load takes for the age of moments is what they have seen. */
final class LoadedAgeTest {
  private static final LoadOptions ALL =
      LoadOptions.strict().allowOtherOptimizer().allowOtherHyperparameters().withWeights();

  private static final float RATE = 1e-3f;

  @TempDir private Path folder;

  private static Spam.Builder spam(long interval) {
    return Spam.builder()
        .resetInterval(interval)
        .rewarmSteps(0)
        .learningRate(RATE)
        .maskSelection(MaskSelection.given((_, _) -> new long[] {1, 4, 6}));
  }

  static List<Arguments> pairs() {
    BiasCorrection since = BiasCorrection.SINCE_RESET;
    BiasCorrection none = BiasCorrection.NONE;
    MomentOverlap keep = MomentOverlap.KEEP;
    return List.of(
        pair("since", () -> spam(7).biasCorrection(since), "global", () -> spam(500)),
        pair("none", () -> spam(7).biasCorrection(none), "global", () -> spam(500)),
        pair(
            "stable",
            () ->
                StableSpam.builder()
                    .adaGN(false)
                    .adaClip(false)
                    .betaSchedule(0, 1)
                    .resetInterval(7)
                    .epsilon(1e-6)
                    .learningRate(RATE),
            "spam",
            () -> spam(500)),
        pair(
            "sparse since",
            () -> spam(7).biasCorrection(since).density(0.3),
            "keep",
            () -> spam(500).density(0.3).overlap(keep)),
        pair(
            "sparse",
            () -> spam(7).density(0.3),
            "keep",
            () -> spam(500).density(0.3).overlap(keep)));
  }

  private static Arguments pair(
      String from,
      Supplier<OptimizerBuilder<?>> saves,
      String to,
      Supplier<OptimizerBuilder<?>> loads) {
    return Arguments.of(Named.of(from, saves), Named.of(to, loads));
  }

  private static Tensor weights() {
    return Tensor.of(new float[10], 10);
  }

  private static Tensor gradient(int step) {
    float[] values = new float[10];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i - 4.5f) * (step == 0 ? 1 : 1 + 1f / step);
    }
    return Tensor.of(values, 10);
  }

  /** After 23 steps of a run that resets at 7, 14 and 21: moments of 3 gradients. */
  @ParameterizedTest
  @MethodSource("pairs")
  void firstStep_isThatOfARun_thatBeganWhenTheMomentsDid(
      Supplier<OptimizerBuilder<?>> saves, Supplier<OptimizerBuilder<?>> loads) throws IOException {
    Path file = folder.resolve("run.safetensors");
    Tensor weights = weights();
    try (Optimizer saved = saves.get().threads(1).build(List.of(new Parameter("w", weights)))) {
      for (int step = 1; step <= 23; step++) {
        Tensor gradient = gradient(step);
        saved.step(_ -> gradient);
      }
      saved.save(file, SaveOptions.defaults().withWeights());
    }
    Tensor loadedWeights = weights();
    Tensor ownWeights = weights();
    try (Optimizer loaded =
            loads.get().threads(1).build(List.of(new Parameter("w", loadedWeights)));
        Optimizer own = loads.get().threads(1).build(List.of(new Parameter("w", ownWeights)))) {
      loaded.load(file, ALL);
      for (int step = 21; step <= 23; step++) {
        Tensor gradient = gradient(step);
        own.step(_ -> gradient);
      }
      assertThat(loaded.firstMoment("w").toFloats()).isEqualTo(own.firstMoment("w").toFloats());
      ownWeights.memory().copyFrom(loadedWeights.memory());
      Tensor gradient = gradient(24);
      loaded.step(_ -> gradient);
      own.step(_ -> gradient);
      assertThat(loadedWeights.toFloats()).isEqualTo(ownWeights.toFloats());
    }
  }

  private void rewrite(Path file, String what, String by) throws IOException {
    RewrittenCheckpoint.write(
        file,
        file,
        (_, metadata) ->
            metadata.computeIfPresent(
                "spam4j.parameter.w", (_, text) -> text.replaceFirst(what, by)));
  }

  private static AdamW.Builder clipped() {
    return AdamW.builder().threads(1).transforms(GradientTransform.adaClip());
  }

  @Test
  void momentsWithoutAnUpdate_areRefused() throws IOException {
    Path file = folder.resolve("run.safetensors");
    Parameter parameter = new Parameter("w", weights());
    try (Optimizer optimizer = clipped().build(List.of(parameter))) {
      optimizer.step(_ -> gradient(1));
      optimizer.save(file);
      rewrite(file, "updates=1 updatesSinceReset=1", "updates=0 updatesSinceReset=0");
      Snapshot before = Snapshot.of(optimizer);
      assertThatThrownBy(() -> optimizer.load(file))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessage(
              "checkpoint state must be 0 where no gradient is counted, take an older file:"
                  + " file=%s, parameter=w, state=exp_avg, updates=0, updatesSinceReset=0",
              file);
      Snapshot.of(optimizer).assertSame(before);
    }
  }

  @Test
  void historyWithoutACount_isRefused() throws IOException {
    Path file = folder.resolve("run.safetensors");
    Parameter parameter = new Parameter("w", weights());
    try (Optimizer optimizer = clipped().build(List.of(parameter))) {
      optimizer.step(_ -> gradient(1));
      optimizer.save(file);
      rewrite(file, "m_max_count=1.0", "m_max_count=0.0");
      Snapshot before = Snapshot.of(optimizer);
      assertThatThrownBy(() -> optimizer.load(file))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessageStartingWith(
              "checkpoint scalar must be 0 where its count is, m_max_count=0: file=" + file);
      Snapshot.of(optimizer).assertSame(before);
    }
  }
}
