package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.internal.math.Correction;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of moments when the selection changes, and when it cannot: M7 and M9. */
final class SparseResetProperties {
  private static final int RESET = 4;

  /** Moments by position, as plainly as can be: a weight that is not selected has 0. */
  private static final class Model {
    static final float BETA1 = 0.9f;
    static final float BETA2 = 0.999f;

    final float[] w;
    final float[] m;
    final float[] v;
    int[] mask = {};
    int updates;

    Model(float[] w) {
      this.w = w.clone();
      m = new float[w.length];
      v = new float[w.length];
    }

    void select(int[] next, boolean keeps) {
      for (int i = 0; i < m.length; i++) {
        boolean again = Arrays.binarySearch(mask, i) >= 0 && Arrays.binarySearch(next, i) >= 0;
        if (!keeps || !again) {
          m[i] = 0;
          v[i] = 0;
        }
      }
      mask = next;
    }

    void step(float[] gradient, double learningRate) {
      updates++;
      double root = Math.sqrt(Correction.of(0.999, updates));
      float stepSize = (float) (learningRate * root / Correction.of(0.9, updates));
      for (int i : mask) {
        float g = gradient[i];
        m[i] = BETA1 * m[i] + (float) (1 - 0.9) * g;
        v[i] = BETA2 * v[i] + (float) (1 - 0.999) * (g * g);
        w[i] -= stepSize * (m[i] / ((float) Math.sqrt(v[i]) + 1e-6f));
      }
    }
  }

  @Property(tries = 300, seed = "7")
  void m7_moments_areZeroedOrGoWithTheirWeights(
      @ForAll long seed, @ForAll MomentOverlap overlap, @ForAll boolean resetsMissing) {
    var random = new Random(seed);
    int n = random.nextInt(10) == 0 ? 5000 : 1 + random.nextInt(60);
    int usual = random.nextInt(n + 1);
    List<int[]> masks = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int count = random.nextBoolean() ? usual : random.nextInt(n + 1);
      masks.add(SparseProperties.mask(random, n, count));
    }
    var builder =
        Spam.builder()
            .resetInterval(RESET)
            .rewarmSteps(0)
            .spikeThreshold(0)
            .learningRate(0.01)
            .resetsMissingGradients(resetsMissing)
            .overlap(overlap)
            .density(0.5)
            .maskSelection(SparseProperties.given(masks));
    float[] start = Runs.draw(random, n, 10);
    var model = new Model(start);
    model.select(masks.getFirst(), false);
    try (var run = new Runs(builder, start)) {
      for (int t = 1; t < RESET * masks.size(); t++) {
        boolean absent = random.nextInt(3) == 0;
        float[] gradient = Runs.draw(random, n, 10);
        if (absent) {
          run.stepWithoutGradient();
        } else {
          run.step(gradient);
        }
        if (t % RESET == 0) {
          boolean carries = overlap == MomentOverlap.KEEP || (absent && !resetsMissing);
          model.select(masks.get(t / RESET), carries);
        }
        if (!absent) {
          model.step(gradient, 0.01);
        }
        Snapshot.assertSame(run.weights, model.w);
        Snapshot.assertSame(run.first(), at(model.mask, model.m));
        Snapshot.assertSame(run.second(), at(model.mask, model.v));
      }
    }
  }

  private static float[] at(int[] positions, float[] values) {
    float[] chosen = new float[positions.length];
    for (int p = 0; p < chosen.length; p++) {
      chosen[p] = values[positions[p]];
    }
    return chosen;
  }

  @Test
  void m7_momentsThatAreKept_stillTellSpikes_atTheResetItself() {
    int n = 40; // more than a vector
    int[] all = SparseProperties.mask(new Random(1), n, n);
    var builder =
        Spam.builder()
            .resetInterval(2)
            .spikeGraceSteps(0)
            .spikeThreshold(50)
            .overlap(MomentOverlap.KEEP)
            .density(0.5)
            .maskSelection(SparseProperties.given(List.of(all, all)));
    float[] gradient = new float[n];
    try (var run = new Runs(builder, new float[n])) {
      Arrays.fill(gradient, 1);
      run.step(gradient);
      Arrays.fill(gradient, 2);
      StepReport report = run.step(gradient);
      assertThat(report.isMomentumReset()).isTrue();
      assertThat(report.spikes()).isEqualTo(n); // 4 > 50 * 0.001
      assertThat(report.largestRatio()).isCloseTo(4000, within(1f));
    }
  }

  @Test
  void m9_tensorThatNeverHasAGradient_staysAsItIs_whileItsMaskChanges() {
    Tensor never = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 8);
    var parameters =
        List.of(new Parameter("never", never), new Parameter("often", Tensor.of(new float[8], 8)));
    var builder = Spam.builder().resetInterval(2).density(0.5).weightDecay(0.5);
    try (var optimizer = builder.build(parameters)) {
      var before = optimizer.mask("never").orElseThrow().toArray();
      for (int t = 0; t < 2; t++) {
        optimizer.step(name -> name.equals("often") ? Tensor.of(new float[8], 8) : null);
      }
      assertThat(optimizer.mask("never").orElseThrow().toArray()).isNotEqualTo(before);
      assertThat(optimizer.firstMoment("never").toFloats()).containsOnly(0).hasSize(4);
    }
    assertThat(never.toFloats()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
  }

  // ---- selections that fail

  /** Makes masks that get longer with each reset; fails as it is told to. */
  private static final class Source implements MaskSelection.Source {
    String failsFor = "";
    long[] insteadOf = {};
    boolean answersOtherwise;

    @Override
    public long[] positions(String parameter, long interval) {
      if (parameter.equals(failsFor)) {
        if (insteadOf.length == 0) {
          throw new IllegalStateException("masks are being loaded");
        }
        return insteadOf;
      }
      long[] positions = new long[(int) interval + (answersOtherwise ? 3 : 1)];
      Arrays.setAll(positions, i -> i + (answersOtherwise ? 1 : 0));
      return positions;
    }
  }

  private static Optimizer withMasks(Source source) {
    var builder =
        Spam.builder()
            .resetInterval(2)
            .density(0.5)
            .overlap(MomentOverlap.KEEP)
            .transforms(GradientTransform.adaClip())
            .maskSelection(MaskSelection.given(source));
    return builder.build(
        List.of(
            new Parameter("a", Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7}, 7)),
            new Parameter("b", Tensor.of(new float[] {7, 6, 5, 4, 3, 2, 1}, 7))));
  }

  private static final Gradients SOME =
      Gradients.of(
          Map.of(
              "a", Tensor.of(new float[] {1, -2, 3, -4, 5, -6, 7}, 7),
              "b", Tensor.of(new float[] {-7, 6, -5, 4, -3, 2, -1}, 7)));

  @Test
  void sourceOfMasksThatFails_leavesEverythingAsItWas_andTheStepCanBeRepeated() {
    var source = new Source();
    try (var failing = withMasks(source);
        var other = withMasks(new Source())) {
      failing.step(SOME);
      other.step(SOME);
      Snapshot before = Snapshot.of(failing);
      MemoryReport memory = failing.memory();
      source.failsFor = "b";
      source.answersOtherwise = true; // a's selection of this attempt must be forgotten
      for (int attempt = 0; attempt < 2; attempt++) {
        assertThatThrownBy(() -> failing.step(SOME))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("masks are being loaded");
        Snapshot.of(failing).assertSame(before);
        assertThat(failing.memory()).isEqualTo(memory);
      }
      source.failsFor = "";
      source.answersOtherwise = false;
      for (int t = 2; t <= 7; t++) {
        failing.step(SOME);
        other.step(SOME);
        Snapshot.of(failing).assertSame(Snapshot.of(other));
        assertThat(failing.memory()).isEqualTo(other.memory());
      }
    }
  }

  @Test
  void selectionAsLargeAsTheOneBefore_afterAFailedAttemptOfAnotherSize_hasItsOwnMoments() {
    boolean[] fails = {false};
    var builder =
        Spam.builder()
            .resetInterval(2)
            .density(0.5)
            .maskSelection(
                MaskSelection.given(
                    (name, interval) -> {
                      if (fails[0] && name.equals("b")) {
                        throw new IllegalStateException("not yet");
                      }
                      return fails[0] ? new long[] {0, 1, 2} : new long[] {interval};
                    }));
    try (var optimizer =
        builder.build(
            List.of(
                new Parameter("a", Tensor.of(new float[7], 7)),
                new Parameter("b", Tensor.of(new float[7], 7))))) {
      optimizer.step(SOME);
      fails[0] = true;
      assertThatThrownBy(() -> optimizer.step(SOME)).hasMessage("not yet");
      fails[0] = false;
      optimizer.step(SOME);
      assertThat(optimizer.firstMoment("a").toFloats()).containsExactly(-2 * (float) (1 - 0.9));
    }
  }

  static List<long[]> badMasks() {
    return List.of(
        new long[] {3, 2}, new long[] {1, 1}, new long[] {7}, new long[] {-1, 2}, new long[8]);
  }

  @ParameterizedTest
  @MethodSource("badMasks")
  void badMask_isRefused_andLeavesEverythingAsItWas(long[] bad) {
    var source = new Source();
    try (var arena = Arena.ofConfined();
        var optimizer = withMasks(source);
        var other = withMasks(new Source())) {
      var refusal =
          Objects.requireNonNull(
              catchThrowableOfType(
                  IllegalArgumentException.class, () -> IndexMask.of(arena, 7, bad)));
      optimizer.step(SOME);
      Snapshot before = Snapshot.of(optimizer);
      source.failsFor = "b";
      source.insteadOf = bad;
      assertThatThrownBy(() -> optimizer.step(SOME))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(refusal.getMessage() + ", parameter=b, interval=1");
      Snapshot.of(optimizer).assertSame(before);
      source.failsFor = "";
      optimizer.step(SOME);
      other.step(SOME);
      other.step(SOME);
      Snapshot.of(optimizer).assertSame(Snapshot.of(other));
    }
  }

  @Test
  void sourceOfMasksThatFailsAtOnce_isAFailureToBuild() {
    var source = new Source();
    source.failsFor = "b";
    assertThatThrownBy(() -> withMasks(source)).hasMessage("masks are being loaded");
  }
}
