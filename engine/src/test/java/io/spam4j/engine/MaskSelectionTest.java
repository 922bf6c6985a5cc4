package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which weights are selected, and what it costs. */
final class MaskSelectionTest {
  @Test
  void largestWeights_areSelectedAtEachReset_theFirstOfEqualOnes() {
    var builder =
        Spam.builder()
            .resetInterval(2)
            .density(0.5)
            .spikeThreshold(0)
            .maskSelection(MaskSelection.largestWeights());
    try (var run = new Runs(builder, 1, -3, 3, 2, -3, 0)) {
      assertThat(run.selected()).containsExactly(1, 2, 4);
      run.step(1, 1, 1, 1, 1, 1);
      run.weights[0] = 2;
      run.weights[1] = 0;
      run.weights[4] = -2; // as large as 0 and 3
      assertThat(run.selected()).containsExactly(1, 2, 4); // until the next reset
      run.step(9, 0, 0, 0, 0, 9);
      assertThat(run.selected()).containsExactly(0, 2, 3);
    }
  }

  @Test
  void largestGradients_areSelectedAtTheFirstOne_andAtEachReset() {
    var builder =
        Spam.builder()
            .resetInterval(3)
            .density(0.5)
            .spikeThreshold(0)
            .weightDecay(0.1)
            .maskSelection(MaskSelection.largestGradients());
    try (var run = new Runs(builder, 1, 1, 1, 1, 1)) {
      assertThat(run.optimizer.mask("w")).isEmpty();
      assertThat(run.optimizer.memory().index()).isEqualTo(0);
      run.stepWithoutGradient();
      assertThat(run.optimizer.mask("w")).isEmpty();
      assertThat(run.first()).containsExactly(0, 0);
      StepReport report = run.step(-5, 1, 5, 5, 1);
      assertThat(run.selected()).containsExactly(0, 2);
      assertThat(report.bytes()).isEqualTo(2 * 28 + run.optimizer.memory().index());
      assertThat(run.first()).containsExactly(-5 * (float) (1 - 0.9), 5 * (float) (1 - 0.9));
      run.step(0, 0, 0, 7, 7); // step 3, a reset
      assertThat(run.selected()).containsExactly(3, 4);
      assertThat(run.first()).containsExactly(7 * (float) (1 - 0.9), 7 * (float) (1 - 0.9));
      run.step(1, 1, 1, 1, 1);
      run.step(1, 1, 1, 1, 1);
      assertThat(run.stepWithoutGradient().bytes()).isEqualTo(0);
      // step 6 had nothing to select by
      assertThat(run.selected()).containsExactly(3, 4);
      assertThat(run.first()).containsExactly(0, 0);
      assertThat(run.weights[1]).isEqualTo(1);
    }
  }

  @Test
  void largestGradients_withOverlapKept_areCarriedFromTheFirstSelectionOn() {
    var builder =
        Spam.builder()
            .resetInterval(2)
            .density(0.5)
            .spikeThreshold(0)
            .betas(0.5, 0.5)
            .overlap(MomentOverlap.KEEP)
            .maskSelection(MaskSelection.largestGradients());
    try (var run = new Runs(builder, 0, 0, 0, 0)) {
      run.step(4, 3, 0, 0);
      assertThat(run.first()).containsExactly(2, 1.5f);
      run.stepWithoutGradient();
      assertThat(run.first()).containsExactly(2, 1.5f);
      run.step(2, 1, 0, 0);
      assertThat(run.first()).containsExactly(2, 1.25f);
      run.step(0, 8, 0, 6);
      assertThat(run.selected()).containsExactly(1, 3);
      assertThat(run.first()).containsExactly(4.625f, 3); // 1.25 / 2 + 8 / 2, 6 / 2
      assertThat(run.second()).containsExactly(33.375f, 18); // 2.75 / 2 + 64 / 2, 36 / 2
    }
  }

  @ParameterizedTest
  @EnumSource(MaskSampling.class)
  void bernoulliSampling_selectsAnotherNumberEachTime(MaskSampling sampling) {
    int n = 2000;
    var builder =
        Spam.builder().resetInterval(1).density(0.3).maskSelection(MaskSelection.random(sampling));
    Set<Integer> counts = new HashSet<>();
    try (var run = new Runs(builder, new float[n])) {
      boolean firstIsExact = sampling != MaskSampling.BERNOULLI;
      assertThat(run.selected().length == 600).isEqualTo(firstIsExact);
      for (int t = 0; t < 10; t++) {
        run.stepWithoutGradient();
        int count = run.selected().length;
        counts.add(count);
        assertThat(run.first()).hasSize(count);
        assertThat(run.optimizer.memory().moments()).isEqualTo(8L * count);
        // the deviation of 2000 coins that fall on their side with 0.3 is 20.5
        assertThat(count).isCloseTo(600, within(sampling == MaskSampling.EXACT ? 0 : 103));
      }
    }
    assertThat(counts.size() > 3).isEqualTo(sampling != MaskSampling.EXACT);
  }

  @Test
  void tinyTensor_ofWhichNothingIsSelected_isFrozen() {
    var none =
        Spam.builder().density(0.3).maskSelection(MaskSelection.given((_, _) -> new long[0]));
    try (var run = new Runs(none.weightDecay(0.1), 1, 2, 3)) {
      for (int t = 0; t < 3; t++) {
        run.step(1, 1, 1);
      }
      assertThat(run.weights).containsExactly(1, 2, 3);
      assertThat(run.first()).isEmpty();
      assertThat(run.optimizer.memory().moments()).isEqualTo(0);
    }
  }

  // ---- threads and memory

  @Test
  void s9_sparseRuns_haveTheSameBitsAtAnyThreadCount() {
    long[][] shapes = {{30_000}, {3, 5}, {200, 100}, {1}};
    Snapshot first = null;
    String reported = "";
    for (int threads = 1; threads <= 4; threads++) {
      var random = new Random(9);
      var builder =
          Spam.builder()
              .resetInterval(2)
              .spikeGraceSteps(1)
              .density(0.6)
              .group("p2", group -> group.density(1))
              .overlap(MomentOverlap.KEEP)
              .unselected(UnselectedWeights.SGD)
              .maskSelection(MaskSelection.random(MaskSampling.BERNOULLI))
              .weightDecay(0.1)
              .transforms(GradientTransform.agc(), GradientTransform.adaClip(0.5))
              .threads(threads);
      List<Parameter> parameters = Drawn.parameters(random, shapes);
      var report = new StringBuilder();
      try (Optimizer optimizer = builder.build(parameters)) {
        for (int t = 0; t < 4; t++) {
          Map<String, Tensor> gradients = new HashMap<>();
          Drawn.parameters(random, shapes).forEach(p -> gradients.put(p.name(), p.weights()));
          StepReport step = optimizer.step(Gradients.of(gradients));
          report.append(step.spikes()).append(' ').append(step.largestRatio()).append(' ');
          report.append(step.loweredCoordinates()).append(' ').append(step.gradientNorm());
        }
        Snapshot snapshot = Snapshot.of(optimizer);
        if (first == null) {
          first = snapshot;
          reported = report.toString();
        }
        snapshot.assertSame(first);
        assertThat(report).hasToString(reported);
      }
    }
  }

  @Test
  void memory_countsTheIndexAndOnlyTheSelectedMoments() {
    var builder = Spam.builder().density(0.25).threads(1).group("dense", group -> group.density(1));
    try (var optimizer =
        builder.build(
            List.of(
                new Parameter("sparse", Tensor.of(new float[4000], 40, 100)),
                new Parameter("dense", Tensor.of(new float[10], 10))))) {
      IndexMask mask = optimizer.mask("sparse").orElseThrow();
      assertThat(mask.bytes()).isPositive();
      // two moments each; of scratch 16 blocks of weights and as many of gradients, a vector more
      // each, and what the dense tensor's second moment is behind the first, at a line of the cache
      long scratch = 2 * (16 * 2048 * 4 + 64) + StagedBlock.APART + 24;
      assertThat(optimizer.memory())
          .isEqualTo(new MemoryReport(8 * (1000 + 10), mask.bytes(), scratch));
    }
  }

  @Property(tries = 60, seed = "10")
  void plannedMemory_isWhatIsHeld(
      @ForAll long seed,
      @ForAll NonFinitePolicy policy,
      @ForAll SpikeAction action,
      @ForAll UnselectedWeights unselected) {
    var random = new Random(seed);
    long[][] shapes = {{1 + random.nextInt(20_000)}, {1 + random.nextInt(9), 7}, {}};
    var builder =
        Spam.builder()
            .density(random.nextInt(3) == 0 ? 1 : 0.3)
            .maskSelection(MaskSelection.random().lines(1 << (3 * random.nextInt(4))))
            .threads(1 + random.nextInt(3))
            .nonFinite(policy)
            .spikeAction(action)
            .unselected(unselected)
            .transforms(Drawn.chain(random));
    Map<String, long[]> names = new LinkedHashMap<>();
    List<Parameter> parameters = Drawn.parameters(random, shapes);
    parameters.forEach(p -> names.put(p.name(), p.weights().shape()));
    try (Optimizer optimizer = builder.build(parameters)) {
      assertThat(builder.plannedMemory(names)).isEqualTo(optimizer.memory());
      optimizer.step(_ -> null);
      assertThat(optimizer.memory()).isEqualTo(builder.plannedMemory(names));
    }
  }
}
