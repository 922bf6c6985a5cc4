package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sparse momentum by lines has the bits of the same weights selected one by one, whatever form
 * updates them.
 */
@Tag("kernel")
@net.jqwik.api.Tag("kernel")
final class LinesProperties {
  private static final int STEPS = 7;
  private static final int RESET = 3;

  /** What decides of loops and forms. */
  enum Variant {
    BARE,
    DECAYED,
    COUPLED,
    NULLIFY,
    NO_CLIPPING,
    ADAMW,
    KEEP,
    COINS,
    LARGEST_WEIGHTS,
    LARGEST_GRADIENTS,
    GLOBAL_NORM,
    // not where they lie
    HEAP,
    HEAP_GRADIENT,
    HALF_GRADIENT,
    HALF_WEIGHTS,
    EXACT_WEIGHTS,
    HALF_MOMENTS,
    CODES,
    EMULATED,
    AMSGRAD,
    GAUSSIAN,
    SGD,
    DECAY_ALL,
    COPIES;

    MaskSelection selection() {
      return switch (this) {
        case COINS -> MaskSelection.random(MaskSampling.BERNOULLI);
        case LARGEST_WEIGHTS -> MaskSelection.largestWeights();
        case LARGEST_GRADIENTS -> MaskSelection.largestGradients();
        default -> MaskSelection.random();
      };
    }

    MomentBuilder<?> builder() {
      Spam.Builder spam =
          Spam.builder()
              .learningRate(0.01)
              .resetInterval(RESET)
              .rewarmSteps(1)
              .spikeGraceSteps(1)
              .spikeThreshold(3)
              .seed(9)
              .stopAfterNonFinite(0);
      return switch (this) {
        case BARE,
            HEAP,
            HEAP_GRADIENT,
            HALF_GRADIENT,
            HALF_WEIGHTS,
            COINS,
            LARGEST_WEIGHTS,
            LARGEST_GRADIENTS ->
            spam;
        case DECAYED -> spam.weightDecay(0.1);
        case COUPLED -> spam.weightDecayMode(WeightDecayMode.COUPLED).weightDecay(0.1);
        case NULLIFY -> spam.spikeAction(SpikeAction.NULLIFY);
        case NO_CLIPPING -> spam.spikeAction(SpikeAction.NONE);
        case ADAMW -> AdamW.builder().learningRate(0.01).stopAfterNonFinite(0);
        case KEEP -> spam.overlap(MomentOverlap.KEEP);
        case GLOBAL_NORM -> spam.transforms(GradientTransform.globalNorm(1));
        case EXACT_WEIGHTS -> spam.weightRounding(WeightRounding.EXACT);
        case HALF_MOMENTS -> spam.moments(MomentFormat.BF16);
        case CODES -> spam.moments(MomentFormat.INT8);
        case EMULATED ->
            Spam.builder(Spam.Preset.REFERENCE)
                .learningRate(0.01)
                .resetInterval(RESET)
                .stopAfterNonFinite(0)
                .moments(MomentFormat.BF16_EMULATED)
                .weightRounding(WeightRounding.NEAREST);
        case AMSGRAD -> AdamW.builder().learningRate(0.01).amsgrad(true).stopAfterNonFinite(0);
        case GAUSSIAN -> spam.spikeAction(SpikeAction.GAUSSIAN);
        case SGD -> spam.unselected(UnselectedWeights.SGD);
        case DECAY_ALL -> spam.weightDecay(0.1).maskedWeightDecay(MaskedWeightDecay.ALL);
        case COPIES -> spam.transforms(GradientTransform.value(3), GradientTransform.value(2));
      };
    }

    DType weights() {
      boolean isHalf = this == HALF_WEIGHTS || this == EXACT_WEIGHTS || this == EMULATED;
      return isHalf ? DType.BF16 : DType.F32;
    }

    DType gradient() {
      return this == HALF_GRADIENT || this == EMULATED ? DType.BF16 : DType.F32;
    }
  }

  /** A run of some steps; what it had after each. */
  private static final class Run implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Variant variant;
    private final Tensor weights;
    private final Tensor gradient;
    private final Optimizer optimizer;

    Run(Variant variant, MomentBuilder<?> builder, float[] start, int offset) {
      this.variant = variant;
      weights = tensor(variant.weights(), start.length, variant == Variant.HEAP, offset);
      put(weights, start);
      boolean heap = variant == Variant.HEAP || variant == Variant.HEAP_GRADIENT;
      gradient = tensor(variant.gradient(), start.length, heap, 3 * offset);
      optimizer = builder.build(List.of(new Parameter("w", weights)));
    }

    private Tensor tensor(DType type, int n, boolean heap, int offset) {
      if (heap) {
        return Tensor.of(new float[n], n);
      }
      long skipped = type.bytes(offset);
      MemorySegment memory = arena.allocate(skipped + type.bytes(n), 64).asSlice(skipped);
      return Tensor.of(memory, type, n);
    }

    private static void put(Tensor tensor, float[] values) {
      MemorySegment memory = tensor.memory();
      for (int i = 0; i < values.length; i++) {
        if (tensor.dtype() == DType.F32) {
          memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * 4L, values[i]);
        } else {
          short half = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
          memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2L, half);
        }
      }
    }

    StepReport step(float[] values) {
      put(gradient, values);
      return optimizer.step(_ -> gradient);
    }

    long[] selected() {
      return optimizer.mask("w").map(IndexMask::toArray).orElseGet(() -> new long[0]);
    }

    @Override
    public void close() {
      optimizer.close();
      arena.close();
    }

    @Override
    public String toString() {
      return variant.name();
    }
  }

  private static float[] gradient(Random random, int n, int spikeOdds) {
    float[] gradient = Runs.draw(random, n, spikeOdds);
    gradient[random.nextInt(n)] = 0;
    for (int i = random.nextInt(4); i > 0; i--) {
      gradient[random.nextInt(n)] = random.nextBoolean() ? Float.NaN : Float.NEGATIVE_INFINITY;
    }
    if (random.nextInt(3) == 0) {
      int from = random.nextInt(n);
      Arrays.fill(gradient, from, Math.min(n, from + 100), 0);
    }
    return gradient;
  }

  @Property(tries = 100, seed = "41")
  void lines_haveTheBitsOfSingleWeights(
      @ForAll long seed,
      @ForAll Variant variant,
      @ForAll @IntRange(min = 3, max = 12) int log,
      @ForAll @IntRange(min = 1, max = 3) int threads) {
    var random = new Random(seed);
    int n = 1 + random.nextInt(random.nextInt(8) == 0 ? 40_000 : 3000);
    assertSame(variant, random, 1 << log, n, 0.01 + 0.9 * random.nextDouble(), threads);
  }

  /** Blocks of lines, of which there is more than one, and pieces of them. */
  @ParameterizedTest
  @EnumSource(names = {"BARE", "DECAYED", "KEEP", "LARGEST_WEIGHTS", "HALF_WEIGHTS", "SGD"})
  void lines_ofSeveralBlocks(Variant variant) {
    var random = new Random(41);
    for (int line : new int[] {8, 16, 64}) {
      assertSame(variant, random, line, 2 * 2048 * line + 17 * line + 5, 0.6, 3);
    }
  }

  private static void assertSame(
      Variant variant, Random random, int line, int n, double density, int threads) {
    float[] start = Runs.draw(random, n, 10);
    List<float[]> gradients = new ArrayList<>();
    int spikeOdds = new int[] {2, 20, 1000}[random.nextInt(3)];
    for (int t = 0; t < STEPS; t++) {
      gradients.add(gradient(random, n, spikeOdds));
    }
    List<long[]> masks = new ArrayList<>();
    List<Snapshot> snapshots = new ArrayList<>();
    List<String> reports = new ArrayList<>();
    int offset = random.nextInt(20);
    var byLines =
        variant
            .builder()
            .density(density)
            .threads(threads)
            .maskSelection(variant.selection().lines(line));
    try (var run = new Run(variant, byLines, start, offset)) {
      masks.add(run.selected());
      for (float[] gradient : gradients) {
        reports.add(figures(run.step(gradient)));
        snapshots.add(Snapshot.of(run.optimizer));
        masks.add(run.selected());
      }
      if (variant == Variant.LARGEST_GRADIENTS) {
        masks.set(0, masks.get(1)); // it waited
      }
      long lines = Math.ceilDiv((long) n, line);
      if (variant != Variant.COINS) {
        IndexMask mask = run.optimizer.mask("w").orElseThrow();
        assertThat(mask.lines().count()).isEqualTo(Math.max(1, (long) (density * lines)));
      }
    }
    int[] step = {0};
    var given =
        variant
            .builder()
            .density(density)
            .threads(1)
            .maskSelection(MaskSelection.given((_, _) -> masks.get(step[0])));
    try (var run = new Run(variant, given, start, offset)) {
      for (int t = 0; t < gradients.size(); t++) {
        step[0] = t + 1;
        assertThat(figures(run.step(gradients.get(t)))).isEqualTo(reports.get(t));
        Snapshot.of(run.optimizer).assertSame(snapshots.get(t));
      }
    }
  }

  /** All but the time and the bytes of the index. */
  private static String figures(StepReport report) {
    return "%d %d %d %d %s %s"
        .formatted(
            report.step(),
            report.spikes(),
            report.skippedCoordinates(),
            report.clampedCoordinates(),
            report.largestRatio(0),
            report.largestRatioIndex(0));
  }
}
