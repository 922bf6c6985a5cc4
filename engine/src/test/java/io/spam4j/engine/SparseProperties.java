package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.internal.step.StepStates;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.SpikeReference;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The invariants M1 to M9 of sparse momentum. */
final class SparseProperties {
  private static final int RESET = 4;

  /** Elementwise optimizers, with all that happens to single coordinates. */
  enum Variant {
    DEFAULTS,
    DECAYED,
    REFERENCE,
    NULLIFY,
    GAUSSIAN,
    CORRECTED,
    SINCE_RESET,
    DECAY_BEFORE,
    L2,
    AMSGRAD,
    LIMITED,
    LIMITED_IN_A_COPY
  }

  private static MomentBuilder<?> builder(Variant variant) {
    Spam.Builder spam = spam(Spam.Preset.DEFAULTS);
    return switch (variant) {
      case DEFAULTS -> spam;
      case DECAYED -> spam.weightDecay(0.1);
      case REFERENCE -> spam(Spam.Preset.REFERENCE);
      case NULLIFY -> spam.spikeAction(SpikeAction.NULLIFY);
      case GAUSSIAN -> spam.spikeAction(SpikeAction.GAUSSIAN);
      case CORRECTED -> spam.spikeReference(SpikeReference.CORRECTED);
      case SINCE_RESET -> spam.biasCorrection(BiasCorrection.SINCE_RESET);
      case DECAY_BEFORE -> spam.weightDecayMode(WeightDecayMode.BEFORE).weightDecay(0.1);
      case L2 -> spam.weightDecayMode(WeightDecayMode.COUPLED).weightDecay(0.1);
      case AMSGRAD -> AdamW.builder().amsgrad(true);
      case LIMITED -> spam.transforms(GradientTransform.value(2));
      case LIMITED_IN_A_COPY ->
          spam.transforms(GradientTransform.value(3), GradientTransform.value(2));
    };
  }

  private static Spam.Builder spam(Spam.Preset preset) {
    return Spam.builder(preset)
        .learningRate(0.01)
        .resetInterval(RESET)
        .rewarmSteps(2)
        .spikeGraceSteps(1)
        .spikeThreshold(3);
  }

  static int[] mask(Random random, int n, int count) {
    int[] all = IntStream.range(0, n).toArray();
    for (int i = 0; i < count; i++) {
      int other = i + random.nextInt(n - i);
      int swapped = all[other];
      all[other] = all[i];
      all[i] = swapped;
    }
    return Arrays.stream(all, 0, count).sorted().toArray();
  }

  static MaskSelection given(List<int[]> masks) {
    return MaskSelection.given(
        (_, interval) -> Arrays.stream(masks.get((int) interval)).asLongStream().toArray());
  }

  private static float[] at(int[] positions, float[] values) {
    float[] chosen = new float[positions.length];
    for (int p = 0; p < chosen.length; p++) {
      chosen[p] = values[positions[p]];
    }
    return chosen;
  }

  private static float[] gradient(Random random, int n) {
    float[] gradient = Runs.draw(random, n, n < 1000 ? 10 : 1000);
    gradient[random.nextInt(n)] = 0;
    gradient[random.nextInt(n)] = random.nextBoolean() ? Float.NaN : Float.NEGATIVE_INFINITY;
    return gradient;
  }

  /** M5 and M1 (unselected weights stay as they are), over masks of every length. */
  @Property(tries = 150, seed = "5")
  void m5_selectedWeights_areASmallerDenseTensor(@ForAll long seed, @ForAll Variant variant) {
    var random = new Random(seed);
    int n = 1 + random.nextInt(200);
    assertFollowsDense(
        random, variant, n, List.of(random.nextInt(n + 1), random.nextInt(n + 1), 0, n));
  }

  /** The same with several pieces, and around the sizes of blocks and pieces. */
  @ParameterizedTest
  @EnumSource(names = {"DEFAULTS", "DECAYED", "GAUSSIAN", "LIMITED_IN_A_COPY"})
  void m5_holdsAtTheEdgesOfBlocksAndPieces(Variant variant) {
    var random = new Random(5);
    assertFollowsDense(random, variant, 33_000, List.of(2 * 16_384 + 1, 2049));
    assertFollowsDense(random, variant, 16_400, List.of(2047, 16_385, 2048));
    assertFollowsDense(random, variant, 250_000, List.of(16 * 2048 - 1, 2 * 32_768 + 1));
  }

  private static void assertFollowsDense(
      Random random, Variant variant, int n, List<Integer> counts) {
    List<int[]> masks = counts.stream().map(count -> mask(random, n, count)).toList();
    var builder = builder(variant).density(0.5).maskSelection(given(masks)).stopAfterNonFinite(0);
    try (var sparse = new Runs(builder, Runs.draw(random, n, 10))) {
      var dense = new DensePart(variant);
      for (int t = 1; t < RESET * masks.size(); t++) {
        boolean resets = variant != Variant.AMSGRAD && t % RESET == 0;
        int[] mask = masks.get(variant == Variant.AMSGRAD ? 0 : t / RESET);
        if (t == 1 || resets) {
          dense.restart(mask, sparse);
        }
        float[] expected = sparse.weights.clone();
        float[] gradient = gradient(random, n);
        boolean absent = !resets && random.nextInt(8) == 0;
        StepReport report = absent ? sparse.stepWithoutGradient() : sparse.step(gradient);
        dense.step(absent ? null : at(mask, gradient), report);
        for (int p = 0; p < mask.length; p++) {
          expected[mask[p]] = dense.weights()[p];
        }
        Snapshot.assertSame(sparse.weights, expected);
        dense.assertSameState(sparse);
        assertThat(sparse.selected()).isEqualTo(mask);
      }
      dense.close();
    }
  }

  /** The selected weights of an interval as a tensor of their own; nothing if there are none. */
  private static final class DensePart {
    private final Variant variant;
    private final List<Runs> run = new ArrayList<>();

    DensePart(Variant variant) {
      this.variant = variant;
    }

    void restart(int[] mask, Runs sparse) {
      close();
      if (mask.length > 0) {
        run.add(new Runs(builder(variant).stopAfterNonFinite(0), at(mask, sparse.weights)));
        StepStates.of(run.getFirst().optimizer).restore(StepStates.of(sparse.optimizer).snapshot());
      }
    }

    void step(float @Nullable [] gradient, StepReport sparse) {
      long spikes = 0;
      long skipped = 0;
      long clamped = 0;
      float ratio = 0;
      for (Runs dense : run) {
        StepReport report = gradient == null ? dense.stepWithoutGradient() : dense.step(gradient);
        spikes = report.spikes();
        skipped = report.skippedCoordinates();
        clamped = report.clampedCoordinates();
        ratio = report.largestRatio();
      }
      assertThat(sparse.spikes()).isEqualTo(spikes);
      assertThat(sparse.skippedCoordinates()).isEqualTo(skipped);
      assertThat(sparse.clampedCoordinates()).isEqualTo(clamped);
      assertThat(sparse.largestRatio()).isEqualTo(ratio);
    }

    float[] weights() {
      return run.isEmpty() ? new float[0] : run.getFirst().weights;
    }

    void assertSameState(Runs sparse) {
      sparse
          .optimizer
          .state("w")
          .forEach(
              (name, packed) -> {
                Tensor dense = run.isEmpty() ? null : run.getFirst().optimizer.state("w").get(name);
                float[] expected = dense == null ? new float[0] : dense.toFloats();
                Snapshot.assertSame(packed.toFloats(), expected);
              });
    }

    void close() {
      run.forEach(Runs::close);
      run.clear();
    }
  }

  @Property(tries = 30, seed = "2")
  void m2_densityOne_andASelectionOfAll_areDense(@ForAll long seed, @ForAll Variant variant) {
    var random = new Random(seed);
    int n = 1 + random.nextInt(300);
    float[] start = Runs.draw(random, n, 10);
    int[] everything = IntStream.range(0, n).toArray();
    var all = builder(variant).density(0.5).maskSelection(given(List.of(everything, everything)));
    try (var plain = new Runs(builder(variant), start);
        var one = new Runs(builder(variant).density(1), start);
        var selected = new Runs(all, start)) {
      for (int t = 1; t <= 6; t++) {
        float[] gradient = gradient(random, n);
        plain.step(gradient);
        one.step(gradient);
        selected.step(gradient);
      }
      assertThat(one.optimizer.mask("w")).isEmpty();
      assertThat(one.bits()).isEqualTo(plain.bits());
      assertThat(selected.bits()).isEqualTo(plain.bits());
    }
  }

  @Property(tries = 100, seed = "3")
  void m3_exactlyTheShareIsSelected_inEveryInterval(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 500) int n,
      @ForAll @DoubleRange(min = 0.01, max = 0.99) double density) {
    var random = new Random(seed);
    int selected = Math.max(1, (int) Math.floor(density * n));
    try (var run = new Runs(Spam.builder().resetInterval(2).density(density), new float[n])) {
      for (int t = 1; t <= 6; t++) {
        run.step(gradient(random, n));
        assertThat(run.selected()).hasSize(selected).isSorted().doesNotHaveDuplicates();
        assertThat(run.first()).hasSize(selected); // M4
        assertThat(run.second()).hasSize(selected);
      }
    }
  }

  @Property(tries = 50, seed = "4")
  void m4_moments_areInTheOrderOfThePositions(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 5000) int n) {
    var random = new Random(seed);
    try (var run = new Runs(Adam.builder().betas(0, 0.999).density(0.4), new float[n])) {
      float[] gradient = Runs.draw(random, n, 10);
      run.step(gradient);
      Snapshot.assertSame(run.first(), at(run.selected(), gradient)); // beta1 = 0: m = g
    }
  }

  @Property(tries = 50, seed = "6")
  void m6_masks_changeOnlyAtResets_andDependOnSeedNameAndIntervalAlone(
      @ForAll long seed, @ForAll @LongRange(min = 0, max = 1L << 40) long maskSeed) {
    var random = new Random(seed);
    int n = 300;
    var builder = Spam.builder().resetInterval(RESET).density(0.3).seed(maskSeed);
    Set<List<Integer>> masks = new HashSet<>();
    try (var one = new Runs(builder.threads(1), Runs.draw(random, n, 10));
        var other = new Runs(builder.threads(3), Runs.draw(random, n, 10));
        var elsewhere = new Runs(builder.seed(maskSeed + 1), new float[n])) {
      for (int t = 1; t <= 3 * RESET; t++) {
        one.step(gradient(random, n));
        if (random.nextBoolean()) {
          other.step(gradient(random, n));
        } else {
          other.stepWithoutGradient(); // M9: the mask changes all the same
        }
        masks.add(Arrays.stream(one.selected()).boxed().toList());
        assertThat(masks).hasSize(1 + t / RESET);
        assertThat(other.selected()).isEqualTo(one.selected());
        elsewhere.stepWithoutGradient();
        assertThat(elsewhere.selected()).isNotEqualTo(one.selected());
      }
    }
    var two = List.of(zeros("a", n), zeros("b", n));
    try (var optimizer = builder.build(two)) {
      assertThat(optimizer.mask("a").orElseThrow().toArray())
          .isNotEqualTo(optimizer.mask("b").orElseThrow().toArray());
    }
  }

  private static Parameter zeros(String name, int n) {
    return new Parameter(name, Tensor.of(new float[n], n));
  }

  /**
   * M8: each interval leaves a weight untouched with probability 1 - d. The share of n weights has
   * a deviation of at most sqrt((1-d)^q / n), as exact selections are less scattered than coins;
   * five of them are allowed.
   */
  @Property(tries = 8, seed = "8")
  void m8_unselectedWeights_getFewerBy1MinusDAnInterval(
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @DoubleRange(min = 0.05, max = 0.6) double density) {
    int n = 4000;
    float[] ones = new float[n];
    Arrays.fill(ones, 1);
    try (var run = new Runs(Spam.builder().resetInterval(1).density(density).seed(seed), ones)) {
      for (int q = 1; q <= 5; q++) {
        run.step(ones);
        long untouched = LongStream.range(0, n).filter(i -> run.weights[(int) i] == 1).count();
        double expected = Math.pow(1 - Math.floor(density * n) / n, q);
        assertThat((double) untouched / n).isCloseTo(expected, within(5 * Math.sqrt(expected / n)));
      }
    }
  }
}
