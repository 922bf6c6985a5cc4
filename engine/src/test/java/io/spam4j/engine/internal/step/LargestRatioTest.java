package io.spam4j.engine.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.Runs;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.TensorRuns;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.LargestRatio;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.testing.TestOperands;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The largest g^2 / v of a step and where it was, against a search through all coordinates. */
@Tag("kernel")
final class LargestRatioTest {
  private static final int N = 40_001; // several pieces, whose order depends on the threads

  private record Largest(float ratio, long at) {
    static Largest of(StepReport report, int i) {
      return new Largest(report.largestRatio(i), report.largestRatioIndex(i));
    }
  }

  /** The definition: of the coordinates in this order, v as it was before the step. */
  private static Largest search(float[] gradient, float[] second, int... positions) {
    var largest = new Largest(0, -1);
    for (int i = 0; i < second.length; i++) {
      int position = positions.length == 0 ? i : positions[i];
      float square = gradient[position] * gradient[position];
      if (Float.isFinite(gradient[position]) && second[i] > 0 && square >= Float.MIN_NORMAL) {
        float ratio = smallest(square, second[i]);
        largest = ratio > largest.ratio ? new Largest(ratio, position) : largest;
      }
    }
    return largest;
  }

  /** Moments as a step that flushes them takes them. */
  private static float[] flushed(float[] second) {
    float[] flushed = second.clone();
    for (int i = 0; i < flushed.length; i++) {
      flushed[i] = flushed[i] < Float.MIN_NORMAL ? 0 : flushed[i];
    }
    return flushed;
  }

  /** The smallest float r with r v >= square, by bisection of its bits. */
  private static float smallest(float square, float second) {
    int low = 0;
    int high = Float.floatToIntBits(Float.POSITIVE_INFINITY);
    while (low < high) {
      int middle = (low + high) >>> 1;
      boolean reaches = Float.intBitsToFloat(middle) * second >= square;
      high = reaches ? middle : high;
      low = reaches ? low : middle + 1;
    }
    return Float.intBitsToFloat(high);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void dense_isTheFirstOfTheLargest(int threads) {
    var builder = Spam.builder().threads(threads).spikeGraceSteps(2);
    try (var run = new Runs(builder, new float[N])) {
      var random = new Random(threads);
      run.step(Runs.draw(random, N, 50));
      for (int step = 0; step < 4; step++) {
        float[] gradient = Runs.draw(random, N, 50);
        gradient[random.nextInt(N)] = Float.NaN;
        for (int i = 0; i < N; i += 30) {
          run.state("exp_avg_sq").setFloat(i, 1e-39f);
        }
        Largest expected = search(gradient, flushed(run.second()));
        assertThat(Largest.of(run.step(gradient), 0)).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void ties_areTheLowestIndexs_atAnyThreadCount(int threads) {
    var random = new Random(5);
    for (int round = 0; round < 8; round++) {
      int[] ties = random.ints(3, 0, N).sorted().toArray();
      float[] before = new float[N];
      float[] gradient = new float[N];
      Arrays.fill(before, 4);
      Arrays.fill(gradient, 2);
      for (int tie : ties) {
        before[tie] = 1;
        gradient[tie] = 4;
      }
      try (var run = new Runs(Spam.builder().threads(threads), new float[N])) {
        run.step(before);
        StepReport report = run.step(gradient);
        assertThat(report.largestRatioIndex(0)).isEqualTo(ties[0]);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void sparse_isTheIndexInTheTensor(int threads) {
    for (var unselected : UnselectedWeights.values()) {
      var builder = Spam.builder().threads(threads).density(0.4).unselected(unselected);
      try (var run = new Runs(builder, new float[N])) {
        var random = new Random(threads);
        run.step(Runs.draw(random, N, 50));
        for (int step = 0; step < 3; step++) {
          float[] gradient = Runs.draw(random, N, 50);
          Largest expected = search(gradient, run.second(), run.selected());
          assertThat(expected.at).isPositive();
          assertThat(Largest.of(run.step(gradient), 0)).isEqualTo(expected);
        }
        float[] ones = new float[N];
        Arrays.fill(ones, 1);
        run.step(ones);
        // Ties in every block of the selection.
        Arrays.fill(ones, 1e18f);
        float[] second = run.second();
        assertThat(Largest.of(run.step(ones), 0)).isEqualTo(search(ones, second, run.selected()));
      }
    }
  }

  @Test
  void tensors_haveAnIndexEach_andNoneWithoutARatio() {
    var shapes = TensorRuns.shapes(new long[] {3, 2}, new long[] {4}, new long[] {1});
    try (var run = new TensorRuns(Spam.builder(), 1, shapes)) {
      run.gradients.put("p0", Tensor.of(new float[] {1, 1, 1, 1, 1, 1}, 3, 2));
      run.gradients.put("p1", Tensor.of(new float[] {1, 1, 1, 1}, 4));
      StepReport report = run.step();
      assertThat(indexes(report)).containsExactly(-1, -1, -1); // no second moments yet
      run.gradients.put("p0", Tensor.of(new float[] {1, 1, 1, 9, 1, 1}, 3, 2));
      run.gradients.put("p1", Tensor.of(new float[] {0, 0, 0, 0}, 4));
      run.step();
      assertThat(indexes(report)).containsExactly(3, -1, -1);
      assertThat(report.largestRatio(1)).isZero();
    }
  }

  private static long[] indexes(StepReport report) {
    return IntStream.range(0, report.tensors()).mapToLong(report::largestRatioIndex).toArray();
  }

  @Test
  void gaussian_isThatOfTheGradientAfterClipping_andOthersHaveNone() {
    var gaussian =
        Spam.builder().spikeAction(SpikeAction.GAUSSIAN).spikeGraceSteps(2).resetInterval(0);
    try (var run = new Runs(gaussian, new float[3]);
        var lion = new Runs(Lion.builder(), new float[3]);
        var mini = new Runs(AdamMini.builder((_, _) -> 1), new float[3]);
        var adafactor = new Runs(Adafactor.builder(), new float[3])) {
      for (int step = 0; step < 4; step++) {
        run.step(step % 2 == 0 ? new float[] {1, 2, 3} : new float[] {-1, -2, -3});
      }
      float[] second = run.second();
      StepReport report = run.step(1, 2, 1000);
      assertThat(report.spikes()).isEqualTo(1);
      assertThat(report.largestRatioIndex(0)).isEqualTo(2);
      assertThat(report.largestRatio()).isLessThan(1000f * 1000 / second[2] / 100);
      for (Runs other : List.of(lion, mini, adafactor)) {
        other.step(1, 2, 3);
        StepReport plain = other.step(1, 2, 1000);
        assertThat(Largest.of(plain, 0)).isEqualTo(new Largest(0, -1));
      }
    }
  }

  @Test
  void pieces_inAnyOrder_giveTheSame() {
    int n = 1021;
    for (int seed = 0; seed < 40; seed++) {
      var random = new Random(seed);
      float[] gradient = new float[n];
      float[] second = new float[n];
      for (int i = 0; i < n; i++) { // few different values, so that there are ties
        gradient[i] = new float[] {0, 1, -2, 4, 1.5e19f, 1e25f}[random.nextInt(4 + seed % 3)];
        second[i] = new float[] {0, 0.5f, 1, 2, 1e-30f}[random.nextInt(4 + seed % 2)];
      }
      assertThat(inPieces(gradient, second, 97, random))
          .as("seed %d", seed)
          .isEqualTo(search(gradient, second));
    }
  }

  /** What is found before the update is what the update finds, or nothing. */
  @Test
  void foundBefore_isTheSame() {
    int found = 0;
    try (var arena = Arena.ofConfined()) {
      for (int seed = 0; seed < 400; seed++) {
        var random = new Random(seed);
        int n = 1 + random.nextInt(200);
        boolean isUsual = seed % 4 != 0;
        boolean flushes = seed % 5 == 0;
        float[] gradient = new float[n];
        float[] second = new float[n];
        for (int i = 0; i < n; i++) {
          float scale = isUsual ? 1 : (float) Math.pow(10, random.nextInt(-50, 40));
          boolean ties = seed % 3 == 0;
          gradient[i] = ties ? random.nextInt(-4, 5) : scale * (float) random.nextGaussian();
          second[i] = ties ? random.nextInt(4) : scale * random.nextFloat();
          second[i] = flushes && random.nextInt(20) == 0 ? 1e-39f : second[i];
        }
        if (seed % 16 == 0) {
          gradient[random.nextInt(n)] = Float.NaN;
        }
        MemorySegment zeros = segment(arena, new float[n]);
        MemorySegment zerosToo = segment(arena, new float[n]);
        Operands o =
            TestOperands.of(zeros, segment(arena, gradient), zerosToo, segment(arena, second));
        var coefficients = new UpdateCoefficients();
        coefficients.skipsNonFinite = true;
        coefficients.flushBelow = flushes ? Float.MIN_NORMAL : 0;
        float[] used = flushes ? flushed(second) : second;
        var tally = new UpdateTally();
        int whole = VectorMode.VECTORS ? n - n % (VectorMode.BITS / Float.SIZE) : 0;
        if (VectorMode.VECTORS) {
          LargestRatio.find(o, 0, n, coefficients, tally);
        }
        var before = new Largest(tally.largestRatio, tally.largestAt);
        if (before.at >= 0) {
          found++;
          float[] wholeGradient = Arrays.copyOf(gradient, whole);
          assertThat(before).isEqualTo(search(wholeGradient, Arrays.copyOf(used, whole)));
        } else {
          assertThat(before.ratio).isZero();
          assertThat(isUsual && seed % 3 != 0 && whole > 0).as("seed %d", seed).isFalse();
        }
        FusedUpdate.apply(o, 0, n, coefficients, tally);
        assertThat(new Largest(tally.largestRatio, tally.largestAt))
            .as("seed %d", seed)
            .isEqualTo(search(gradient, used));
      }
    }
    assertThat(found > 100).isEqualTo(VectorMode.VECTORS);
  }

  /** AdaClip may have seen a gradient of no size. */
  @Test
  void thresholdThatIsNaN_findsNothingBefore() {
    float[] ones = new float[64];
    Arrays.fill(ones, 1);
    float[] gradient = ones.clone();
    gradient[6] = 1e25f; // its square is infinite, as is the largest float times 2
    float[] second = ones.clone();
    Arrays.fill(second, 2);
    try (var arena = Arena.ofConfined()) {
      Operands o =
          TestOperands.of(
              segment(arena, ones),
              segment(arena, gradient),
              segment(arena, ones),
              segment(arena, second));
      var coefficients = new UpdateCoefficients();
      coefficients.clipAbove = Float.NaN;
      var tally = new UpdateTally();
      if (VectorMode.VECTORS) {
        LargestRatio.find(o, 0, ones.length, coefficients, tally);
      }
      assertThat(tally.largestAt).isEqualTo(UpdateTally.NOWHERE);
    }
  }

  @Test
  void squareThatOverflows_hasTheLeastRatioThatDoes() {
    float[] gradient = {1, 1e25f, 1.5e19f, -1e25f};
    float[] second = {1, 2, 1, 2}; // ratios 1, half of the largest float, 2.25e38, and the half
    for (int seed = 0; seed < 20; seed++) {
      assertThat(inPieces(gradient, second, 1, new Random(seed)))
          .isEqualTo(new Largest(1.5e19f * 1.5e19f, 2));
    }
    assertThat(inPieces(gradient, new float[] {1, 2, 2, 2}, 1, new Random(1)))
        .isEqualTo(new Largest(0x1p127f, 1));
  }

  /** Pieces that two participants take in turn, as chance has it. */
  private static Largest inPieces(float[] gradient, float[] second, int piece, Random random) {
    int n = gradient.length;
    var counts = new SharedTallies(1, 2);
    try (var arena = Arena.ofConfined()) {
      Operands o =
          TestOperands.of(
              segment(arena, new float[n]),
              segment(arena, gradient),
              segment(arena, new float[n]),
              segment(arena, second));
      for (int start = 0; start < n; start += piece) {
        UpdateTally tally = counts.of(0, random.nextInt(2));
        FusedUpdate.apply(o, start, Math.min(n, start + piece), new UpdateCoefficients(), tally);
      }
    }
    counts.complete();
    var report = new StepFigures(List.of("w"), new StepState(1), counts.counts());
    return Largest.of(report, 0);
  }

  private static MemorySegment segment(Arena arena, float[] values) {
    MemorySegment segment = arena.allocate((long) values.length * Float.BYTES, 64);
    MemorySegment.copy(values, 0, segment, JAVA_FLOAT_UNALIGNED, 0, values.length);
    return segment;
  }
}
