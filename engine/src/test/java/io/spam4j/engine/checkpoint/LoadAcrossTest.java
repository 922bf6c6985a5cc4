package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Runs;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever a file has, Adam's family moves a weight by the learning rate where gradients have
 * always been the same: estimates that are corrected for their age are that gradient, whether they
 * go on or start afresh; those with the age of others are not.
 */
final class LoadAcrossTest {
  private static final double RATE = 1e-3;
  private static final long RESET_INTERVAL = 300;

  /** The last reset of those that reset is 100 steps ago. */
  private static final int STEPS = 1000;

  /** After a reset its normalised gradients are uneven, because its corrections restart. */
  private static final String UNEVEN = "stable-spam-reference";

  private static final LoadOptions ALL =
      LoadOptions.strict()
          .allowOtherOptimizer()
          .allowOtherHyperparameters()
          .allowOtherShapes()
          .allowTypeConversion();

  @TempDir private Path folder;

  /** An optimizer by name. */
  record Named(String name, Supplier<OptimizerBuilder<?>> make) {
    Runs run() {
      return new Runs(make.get().threads(1), 1, -1, 2);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static Named of(String name, Supplier<OptimizerBuilder<?>> make) {
    return new Named(name, make);
  }

  /** Those whose weights move by the learning rate. */
  private static List<Named> unbiased() {
    return List.of(
        of("adam", () -> Adam.builder().learningRate(RATE)),
        of("adam-betas", () -> Adam.builder().betas(0.99, 0.9).learningRate(RATE)),
        of("adam-slow", () -> Adam.builder().betas(0.999, 0.9999).learningRate(RATE)),
        of("amsgrad", () -> Adam.builder().amsgrad(true).learningRate(RATE)),
        of("adamw", () -> AdamW.builder().weightDecay(0).learningRate(RATE)),
        of("spam-without-resets", () -> spam().resetInterval(0)),
        of("spam-since-reset", () -> spam().biasCorrection(BiasCorrection.SINCE_RESET)),
        of("spam-gaussian", () -> spam().resetInterval(0).spikeAction(SpikeAction.GAUSSIAN)),
        of("stable-spam", () -> stableSpam(StableSpam.Preset.FOUR_BIT)),
        of("stable-spam-bf16", () -> stableSpam(StableSpam.Preset.BF16)),
        of("ada-gn", () -> adam(GradientTransform.adaGN())),
        of("stabilizer-and-clip", () -> adam(stabilizer(), GradientTransform.adaClip())),
        of("clip-and-stabilizer", () -> adam(GradientTransform.adaClip(), stabilizer())));
  }

  private static List<Named> others() {
    return List.of(
        of("spam", LoadAcrossTest::spam),
        of("spam-uncorrected", () -> spam().biasCorrection(BiasCorrection.NONE)),
        of("spam-reference", () -> Spam.builder(Spam.Preset.REFERENCE).resetInterval(250)),
        of(UNEVEN, () -> stableSpam(StableSpam.Preset.REFERENCE)),
        of("stable-spam-just-reset", () -> justReset()),
        of("lion", Lion::builder),
        of("sgd", () -> Sgd.builder().learningRate(1e-6)),
        of("sgd-plain", () -> Sgd.builder().momentum(0).learningRate(1e-6)),
        of("adafactor", () -> Adafactor.builder().beta1(0.9)),
        of("adam-mini", () -> AdamMini.builder((_, _) -> 1)));
  }

  private static Spam.Builder spam() {
    return Spam.builder().resetInterval(RESET_INTERVAL).rewarmSteps(0).learningRate(RATE);
  }

  private static StableSpam.Builder stableSpam(StableSpam.Preset preset) {
    return StableSpam.builder(preset).resetInterval(RESET_INTERVAL).learningRate(RATE);
  }

  private static StableSpam.Builder justReset() {
    return stableSpam(StableSpam.Preset.REFERENCE).resetInterval(500);
  }

  private static GradientTransform stabilizer() {
    return GradientTransform.gradientStabilizer();
  }

  private static Adam.Builder adam(GradientTransform... transforms) {
    return Adam.builder().transforms(transforms).learningRate(RATE);
  }

  private static Stream<Named> sources() {
    return Stream.concat(unbiased().stream(), others().stream());
  }

  private Path saved(Named one) throws IOException {
    Path file = folder.resolve(one.name());
    try (Runs run = one.run()) {
      for (int t = 0; t < STEPS; t++) {
        run.step(0.3f, -0.02f, 5);
      }
      run.optimizer.save(file);
    }
    return file;
  }

  @ParameterizedTest
  @MethodSource("sources")
  void constantGradient_movesByTheLearningRate_afterALoadFrom(Named one) throws IOException {
    Path file = saved(one);
    for (Named other : unbiased()) {
      try (Runs run = other.run()) {
        run.optimizer.load(file, ALL);
        assertThat(run.optimizer.stepCount()).isEqualTo(STEPS);
        float[] before = run.weights.clone();
        run.step(0.3f, -0.02f, 5);
        for (int i = 0; i < before.length; i++) {
          assertThat(Math.abs(run.weights[i] - before[i]))
              .as("weight %d from %s to %s", i, one, other)
              .isCloseTo((float) RATE, within(one.name().equals(UNEVEN) ? 5e-5f : 2e-6f));
        }
      }
    }
  }

  @Test
  void otherOptimizers_needNoMoreThanOneOption_andAreToldToStartAfresh() throws IOException {
    for (Named one : List.of(of("sgd", Sgd::builder), of("lion", Lion::builder))) {
      Path file = saved(one);
      try (Runs run = new Runs(Adam.builder().learningRate(RATE), 1, -1, 2)) {
        LoadReport report = run.optimizer.load(file, LoadOptions.strict().allowOtherOptimizer());
        assertThat(report.restored()).isEmpty();
        assertThat(report.fresh())
            .containsExactlyEntriesOf(Map.of("w", "state: file=of " + one + ", optimizer=of adam"));
        assertThat(report.isComplete()).isFalse();
        run.step(0.3f, -0.02f, 5);
        assertThat(run.weights[0]).isCloseTo((float) (1 - RATE), within(1e-6f));
      }
    }
  }

  @Test
  void momentum_thatTheFileLacks_startsWithTheFirstGradient() throws IOException {
    Path file = saved(of("plain", () -> Sgd.builder().momentum(0)));
    var dampened = Sgd.builder().dampening(0.5).learningRate(1);
    try (Runs run = new Runs(dampened, 1, -1, 2)) {
      run.optimizer.load(file, ALL);
      run.step(0.25f, 1, 2);
      assertThat(run.weights).containsExactly(0.75f, -2, 0);
    }
  }

  @Test
  void otherDecays_ofYoungMoments_areRefused_orStartAfresh() throws IOException {
    Path file = folder.resolve("young");
    try (Runs run = new Runs(Adam.builder(), 1)) {
      for (int t = 0; t < 40; t++) {
        run.step(1);
      }
      run.optimizer.save(file);
    }
    var options = LoadOptions.strict().allowOtherHyperparameters();
    try (Runs run = new Runs(Adam.builder().betas(0.9, 0.99), 1)) {
      Snapshot before = Snapshot.of(run.optimizer);
      assertThatThrownBy(() -> run.optimizer.load(file, options))
          .isInstanceOfSatisfying(
              CheckpointMismatchException.class,
              e ->
                  assertThat(e.differences())
                      .containsExactly(
                          "beta2 of moments: file=0.999 after 40 updates, optimizer=0.99 after 40"
                              + " updates (allowOtherShapes), parameters=[w]"));
      Snapshot.of(run.optimizer).assertSame(before);
      LoadReport report = run.optimizer.load(file, options.allowOtherShapes());
      assertThat(report.fresh()).containsOnlyKeys("w");
    }
  }

  @Test
  void otherDecays_ofOldMoments_areLoaded() throws IOException {
    Path file = folder.resolve("old");
    try (Runs run = new Runs(Adam.builder().betas(0.5, 0.9), 1)) {
      for (int t = 0; t < 200; t++) {
        run.step(1);
      }
      run.optimizer.save(file);
      float[] first = run.first();
      try (Runs other = new Runs(Adam.builder().betas(0.6, 0.8), 1)) {
        LoadReport report =
            other.optimizer.load(file, LoadOptions.strict().allowOtherHyperparameters());
        assertThat(report.restored()).containsExactly("w");
        Snapshot.assertSame(other.first(), first);
      }
    }
  }

  private static final class Own extends MomentBuilder<Own> {
    Own(String name) {
      super(name);
    }

    @Override
    protected Own self() {
      return this;
    }
  }

  @Test
  void ownOptimizers_haveMomentsOfTheirOwn() throws IOException {
    Path file = saved(of("mine", () -> new Own("mine")));
    try (Runs adam = new Runs(Adam.builder(), 1, -1, 2);
        Runs yours = new Runs(new Own("yours"), 1, -1, 2);
        Runs mine = new Runs(new Own("mine"), 1, -1, 2)) {
      assertThat(adam.optimizer.load(file, ALL).fresh())
          .isEqualTo(Map.of("w", "state: file=of mine, optimizer=of adam"));
      assertThat(yours.optimizer.load(file, ALL).restored()).isEmpty();
      assertThat(mine.optimizer.load(file).isComplete()).isTrue();
    }
    assertThatThrownBy(() -> new Own("adamw"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("an own optimizer must have a name that no other has: name=adamw");
  }

  @Test
  void strictLoad_isComplete() throws IOException {
    Path file = folder.resolve("whole");
    var transforms = new GradientTransform[] {GradientTransform.adaClip()};
    try (Runs run = new Runs(adam(transforms), 1)) {
      run.step(1);
      run.optimizer.save(file, SaveOptions.defaults().withWeights());
    }
    Parameter parameter = new Parameter("w", Tensor.of(new float[1], 1));
    try (Optimizer optimizer = adam(transforms).build(List.of(parameter))) {
      LoadReport report = optimizer.load(file, LoadOptions.strict().withWeights());
      assertThat(report.isComplete()).isTrue();
      assertThat(report.restored()).containsExactly("w");
      assertThat(report.weights()).containsExactly("w");
      assertThat(optimizer.load(file).weights()).isEmpty();
    }
  }
}
