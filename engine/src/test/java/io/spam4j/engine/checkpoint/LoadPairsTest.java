package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.Halves;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Runs;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeReference;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A load from any optimizer, with any settings, into any other one is refused and changes nothing,
 * or leaves each parameter with state and counters of the file that go together, or with none; and
 * the next step is what a fresh optimizer with that state does.
 */
final class LoadPairsTest {
  private static final long RESET_INTERVAL = 12;
  private static final int STEPS = 31;
  private static final Map<String, long[]> SHAPES = new LinkedHashMap<>();
  private static final float[] DRAWN = Runs.draw(new Random(3), 4001, 100);

  static {
    SHAPES.put("matrix", new long[] {4, 5});
    SHAPES.put("vector", new long[] {13});
    SHAPES.put("rare", new long[] {3, 6});
  }

  private static final Set<String> ADAM = Set.of("adam", "adamw", "spam", "stablespam");

  private static final LoadOptions ALL =
      LoadOptions.strict()
          .allowOtherOptimizer()
          .allowOtherHyperparameters()
          .allowOtherShapes()
          .allowTypeConversion();

  @TempDir private Path folder;

  /** Settings that change what state means, besides those of the table of all optimizers. */
  private static Stream<OptimizerCase> settings() {
    GradientTransform clip = GradientTransform.adaClip();
    GradientTransform norm = GradientTransform.adaGN();
    BiasCorrection since = BiasCorrection.SINCE_RESET;
    MomentOverlap keep = MomentOverlap.KEEP;
    return Stream.of(
        of("uncorrected", n -> spam(n).biasCorrection(BiasCorrection.NONE)),
        of("never-resets", n -> spam(0)),
        of("resets-often", n -> spam(5).biasCorrection(since)),
        of("other-selection", n -> spam(n).density(0.3).seed(8)),
        of("quarter", n -> spam(n).density(0.25)),
        of("largest", n -> spam(n).density(0.25).maskSelection(MaskSelection.largestGradients())),
        of("keep-since-reset", n -> spam(n).density(0.3).overlap(keep).biasCorrection(since)),
        of("corrected-ratio", n -> spam(n).spikeReference(SpikeReference.CORRECTED)),
        of("before", n -> spam(n).weightDecayMode(WeightDecayMode.BEFORE).weightDecay(0.1)),
        of("coupled", n -> spam(n).weightDecayMode(WeightDecayMode.COUPLED).weightDecay(0.1)),
        of("other-betas", _ -> Adam.builder().betas(0.8, 0.99)),
        of("clip-norm", _ -> AdamW.builder().transforms(clip, norm)),
        of("norm-clip", _ -> AdamW.builder().transforms(norm, clip)),
        of("dampening", _ -> Sgd.builder().dampening(0.5)),
        of("other-momentum", _ -> Sgd.builder().momentum(0.5)),
        of("mini-other-betas", _ -> AdamMini.builder((_, _) -> 1).betas(0.5, 0.6)),
        of("adafactor-other", _ -> Adafactor.builder().decayRate(-0.5).beta1(0.5)),
        halves("nearest", n -> spam(n).weightRounding(WeightRounding.NEAREST)),
        halves("exact", n -> spam(n).weightRounding(WeightRounding.EXACT).density(0.3)));
  }

  private static OptimizerCase of(
      String name, LongFunction<OptimizerBuilder<?>> make, Trait... traits) {
    return new OptimizerCase(name, DType.F32, Set.of(traits), make);
  }

  private static OptimizerCase halves(String name, LongFunction<OptimizerBuilder<?>> make) {
    return new OptimizerCase(name, DType.BF16, Set.of(), make);
  }

  private static Spam.Builder spam(long interval) {
    return Spam.builder().resetInterval(interval).rewarmSteps(3).spikeThreshold(50);
  }

  private static List<OptimizerCase> cases() {
    return Stream.concat(OptimizerCases.all(), settings()).toList();
  }

  /** Those without any that differ from another one in what no load looks at. */
  private static List<OptimizerCase> pairs() {
    return cases().stream()
        .filter(
            one -> !one.has(Trait.GIVEN) && !(one.has(Trait.SPARSE) && one.has(Trait.TRANSFORMS)))
        .filter(one -> !one.has(Trait.CPU_ONLY) || !one.has(Trait.UNPLANNED))
        .toList();
  }

  /** An optimizer over small tensors, with gradients that depend on the step alone. */
  private static final class Run implements AutoCloseable {
    final OptimizerCase one;
    final Arena arena = Arena.ofShared();
    final Optimizer optimizer;
    final Map<String, Tensor> gradients = new HashMap<>();

    Run(OptimizerCase one) {
      this.one = one;
      List<Parameter> parameters = new ArrayList<>();
      SHAPES.forEach((name, shape) -> parameters.add(new Parameter(name, drawn(17, shape))));
      optimizer = one.builder(RESET_INTERVAL).threads(1).build(parameters);
    }

    private Tensor drawn(int from, long... shape) {
      Tensor tensor = Tensor.allocate(arena, one.dtype(), shape);
      float[] values = new float[(int) tensor.elements()];
      System.arraycopy(DRAWN, from % 3900, values, 0, values.length);
      Halves.set(tensor, values);
      return tensor;
    }

    void step(int t) {
      SHAPES.forEach((name, shape) -> gradients.put(name, drawn(t * 71 + shape.length, shape)));
      if (t % 4 != 2) {
        gradients.remove("rare");
      }
      optimizer.step(Gradients.of(gradients));
    }

    Run stepped(int steps) {
      for (int t = 0; t < steps; t++) {
        step(t);
      }
      return this;
    }

    @Override
    public void close() {
      optimizer.close();
      arena.close();
    }
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void load_intoEveryOther(OptimizerCase one) throws IOException {
    Path file = folder.resolve("saved");
    try (Run run = new Run(one).stepped(STEPS)) {
      run.optimizer.save(file, SaveOptions.defaults().withWeights());
    }
    for (OptimizerCase other : pairs()) {
      try (Arena arena = Arena.ofShared();
          Run run = new Run(other).stepped(3)) {
        loadAndStep(Checkpoint.open(file, arena), run, one + " into " + other);
      } catch (AssertionError e) {
        throw new AssertionError(one + " into " + other + ": " + e.getMessage(), e);
      }
    }
  }

  private void loadAndStep(Checkpoint saved, Run run, String pair) throws IOException {
    boolean sameWeights = saved.weights().firstEntry().getValue().dtype() == run.one.dtype();
    Snapshot before = Snapshot.of(run.optimizer);
    LoadReport report;
    try {
      report = run.optimizer.load(saved.file(), sameWeights ? ALL.withWeights() : ALL);
    } catch (CheckpointMismatchException e) {
      Snapshot.of(run.optimizer).assertSame(before);
      assertThat(e.differences())
          .as(pair)
          .allMatch(text -> text.contains("file=") && !text.contains("allow"));
      return;
    }
    assertThat(run.optimizer.stepCount()).isEqualTo(saved.steps());
    Path again = folder.resolve("again");
    run.optimizer.save(again, SaveOptions.defaults().withWeights());
    try (Arena arena = Arena.ofShared();
        Run fresh = new Run(run.one)) {
      Checkpoint loaded = Checkpoint.open(again, arena);
      for (String name : SHAPES.keySet()) {
        requireClaim(saved, loaded, report, name);
        assertThat(report.weights().contains(name)).isEqualTo(sameWeights);
        if (sameWeights) {
          requireSame(
              Objects.requireNonNull(loaded.weights().get(name)),
              Objects.requireNonNull(saved.weights().get(name)));
        }
      }
      fresh.optimizer.load(again, LoadOptions.strict().withWeights());
      fresh.step(STEPS);
      run.step(STEPS);
      Snapshot.of(run.optimizer).assertSame(Snapshot.of(fresh.optimizer));
    }
    Files.delete(again);
  }

  /** State and counters are the file's, where they mean the same, or those of a new optimizer. */
  private static void requireClaim(
      Checkpoint saved, Checkpoint loaded, LoadReport report, String name) {
    ParameterState from = Objects.requireNonNull(saved.parameters().get(name));
    ParameterState to = Objects.requireNonNull(loaded.parameters().get(name));
    boolean restored = report.restored().contains(name);
    assertThat(report.fresh().containsKey(name)).isNotEqualTo(restored);
    if (restored) {
      boolean sameKind =
          saved.optimizer().equals(loaded.optimizer())
              || (ADAM.contains(saved.optimizer()) && ADAM.contains(loaded.optimizer()));
      assertThat(sameKind).isTrue();
      assertThat(to.mask().map(SavedMask::count)).isEqualTo(from.mask().map(SavedMask::count));
      assertThat(to.updates()).isEqualTo(updates(saved, loaded, from));
    } else {
      assertThat(to.counters()).isEqualTo(ParameterState.Counters.NONE);
    }
    boolean weightsLoaded = report.weights().contains(name);
    to.state()
        .forEach(
            (key, tensor) -> {
              boolean isOfWeights = key.equals("weight_low");
              boolean goesOn = restored || (isOfWeights && weightsLoaded);
              Tensor of = from.state().get(key);
              if (goesOn && of != null) {
                if (of.dtype() == tensor.dtype()) { // else it was rounded
                  requireSame(tensor, of);
                }
              } else if (!isOfWeights || weightsLoaded) { // else both halves stay
                requireZero(tensor, key);
              }
            });
    to.scalars()
        .forEach(
            (key, value) -> {
              if (value != 0) {
                assertThat(value).as(key).isEqualTo(from.scalars().get(key));
              }
            });
  }

  /**
   * One that never resets counts the gradients that its moments have seen, and so does one whose
   * corrections would take all updates for that, though the file's did not.
   */
  private static long updates(Checkpoint saved, Checkpoint loaded, ParameterState from) {
    boolean resets = !"0".equals(saved.settings().getOrDefault("resetInterval", "0"));
    boolean goesOn = !"0".equals(loaded.settings().getOrDefault("resetInterval", "0"));
    boolean keeps =
        "KEEP".equals(saved.settings().get("overlap"))
            && !"1.0".equals(from.hyperparameters().get("density"));
    boolean correctsByAll =
        "GLOBAL".equals(loaded.settings().get("biasCorrection"))
            && !"GLOBAL".equals(saved.settings().get("biasCorrection"));
    boolean keepsByAll =
        "KEEP".equals(loaded.settings().get("overlap")) && StateMeaning.isSparse(from);
    boolean sameCount = goesOn && !correctsByAll && !keepsByAll;
    if (!resets || sameCount || keeps) {
      return from.updates();
    }
    boolean staysLate = "true".equals(loaded.settings().get("resetsAfterUpdate"));
    if (goesOn && staysLate) {
      return from.updatesSinceReset();
    }
    boolean late = "true".equals(saved.settings().get("resetsAfterUpdate"));
    boolean wasReset = from.updatesSinceReset() < from.updates();
    return from.updatesSinceReset() - (late && wasReset ? 1 : 0);
  }

  private static void requireZero(Tensor tensor, String key) {
    var zero = MemorySegment.ofArray(new byte[(int) tensor.memory().byteSize()]);
    assertThat(tensor.memory().mismatch(zero)).as(key).isEqualTo(-1);
  }

  private static void requireSame(Tensor actual, Tensor expected) {
    assertThat(actual.dtype()).isEqualTo(expected.dtype());
    assertThat(actual.memory().mismatch(expected.memory())).isEqualTo(-1);
  }
}
