package io.spam4j.engine.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Drawn;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.Probe;
import io.spam4j.engine.Runs;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.TensorStatistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** A chain of transforms is its parts, one after the other, whichever way it is done. */
final class TransformChainProperties {
  /** Changes nothing; but the fused update cannot do it before other transforms. */
  private static final GradientTransform NEUTRAL = GradientTransform.value(Float.MAX_VALUE);

  /** Of several blocks and pieces with awkward ends, of rows longer than a block, and small. */
  private static final long[][] LARGE = {{16_384 + 4097}, {3, 4100}, {7, 3}, {}};

  private static final long[][] SMALL = {{13, 11}, {2, 3, 4}, {300}, {}};

  /** Factor, clip, factor, limit, each or none: what the fused update can do. */
  private static GradientTransform[] fusible(Random random) {
    List<GradientTransform> chain = new ArrayList<>();
    if (random.nextBoolean()) {
      chain.add(GradientTransform.globalNorm(1 + random.nextInt(1000)));
    }
    if (random.nextBoolean()) {
      chain.add(GradientTransform.adaClip(0.5));
    }
    if (random.nextBoolean()) {
      chain.add(GradientTransform.adaGN());
    } else if (random.nextBoolean()) {
      chain.add(new GradientTransform.ZClip(0.9, 0.1, 2));
    }
    if (random.nextBoolean()) {
      chain.add(GradientTransform.value(random.nextDouble() / 10));
    }
    return chain.toArray(GradientTransform[]::new);
  }

  private static GradientTransform[] prepended(
      GradientTransform first, GradientTransform... others) {
    return Stream.concat(Stream.of(first), Arrays.stream(others)).toArray(GradientTransform[]::new);
  }

  private static float[][] gradients(Random random, long[][] shapes) {
    float[][] gradients = new float[shapes.length][];
    for (int i = 0; i < shapes.length; i++) {
      int n = (int) Arrays.stream(shapes[i]).reduce(1, (a, b) -> a * b);
      gradients[i] = Runs.draw(random, n, n > 1000 ? 1000 : 10);
      if (random.nextInt(4) == 0) {
        gradients[i][random.nextInt(n)] = Float.NEGATIVE_INFINITY;
      }
    }
    return gradients;
  }

  // ---- fused or copied

  @Property(tries = 40, seed = "1")
  void fusedUpdate_givesTheBitsOfCopies(@ForAll long seed, @ForAll boolean sparse) {
    assertFusedIsCopied(new Random(seed), SMALL, sparse, 8);
  }

  @Property(tries = 3, seed = "2")
  void fusedUpdate_givesTheBitsOfCopies_overSeveralPieces(
      @ForAll long seed, @ForAll boolean sparse) {
    assertFusedIsCopied(new Random(seed), LARGE, sparse, 2);
  }

  private static void assertFusedIsCopied(
      Random random, long[][] shapes, boolean sparse, int steps) {
    GradientTransform[] chain = fusible(random);
    var builder =
        Spam.builder()
            .resetInterval(5)
            .rewarmSteps(2)
            .spikeGraceSteps(1)
            .weightDecay(0.1)
            .density(sparse ? 0.7 : 1)
            .unselected(sparse ? UnselectedWeights.SGD : UnselectedWeights.FROZEN);
    long start = random.nextLong();
    try (var fused = builder.transforms(chain).build(Drawn.parameters(new Random(start), shapes));
        var copied =
            builder
                .transforms(prepended(NEUTRAL, chain))
                .build(Drawn.parameters(new Random(start), shapes))) {
      for (int t = 0; t < steps; t++) {
        float[][] gradients = gradients(random, shapes);
        int absent = random.nextInt(2 * shapes.length);
        Gradients source =
            name -> {
              int i = name.charAt(1) - '0';
              return i == absent ? null : Tensor.of(gradients[i], shapes[i]);
            };
        StepReport one = fused.step(source);
        StepReport other = copied.step(source);
        Snapshot.of(copied).assertSame(Snapshot.of(fused));
        for (int i = 0; i < shapes.length; i++) {
          assertThat(other.loweredCoordinates(i)).isEqualTo(one.loweredCoordinates(i));
          assertThat(other.clampedCoordinates(i)).isEqualTo(one.clampedCoordinates(i));
          assertThat(other.skippedCoordinates(i)).isEqualTo(one.skippedCoordinates(i));
          assertThat(other.spikes(i)).isEqualTo(one.spikes(i));
          assertThat(other.gradientScale(i)).isEqualTo(one.gradientScale(i));
          assertThat(Double.compare(other.gradientNorm(i), one.gradientNorm(i))).isEqualTo(0);
        }
      }
    }
  }

  // ---- one after the other

  /** G8 too: AdaGN takes the norm of what AdaClip leaves. */
  @Property(tries = 60, seed = "3")
  void chain_isItsFirstTransform_andThenTheRest(@ForAll long seed) {
    assertComposed(new Random(seed), SMALL, 5);
  }

  @Property(tries = 2, seed = "4")
  void chain_isItsFirstTransform_andThenTheRest_overSeveralPieces(@ForAll long seed) {
    assertComposed(new Random(seed), LARGE, 2);
  }

  private static void assertComposed(Random random, long[][] shapes, int steps) {
    GradientTransform[] chain = prepended(GradientTransform.adaClip(0.5), Drawn.chain(random));
    GradientTransform first = chain[0];
    if (random.nextBoolean()) {
      first = random.nextBoolean() ? GradientTransform.agc() : GradientTransform.value(0.5);
      chain[0] = first;
    }
    long start = random.nextLong();
    var rest = Arrays.copyOfRange(chain, 1, chain.length);
    try (var whole = new Probe(Drawn.parameters(new Random(start), shapes), chain);
        var one = new Probe(Drawn.parameters(new Random(start), shapes), first);
        var others = new Probe(Drawn.parameters(new Random(start), shapes), rest)) {
      for (int t = 0; t < steps; t++) {
        float[][] gradients = gradients(random, shapes);
        whole.step(gradients);
        one.step(gradients);
        others.step(between(one, gradients));
        for (int i = 0; i < shapes.length; i++) {
          Snapshot.assertSame(whole.seen(i), others.seen(i));
          var scalars = whole.optimizer.scalars("p" + i);
          assertThat(scalars).containsAllEntriesOf(others.optimizer.scalars("p" + i));
        }
      }
    }
  }

  /** What a probe saw; what it skipped is skipped after it as well. */
  private static float[][] between(Probe probe, float[][] gradients) {
    float[][] between = new float[gradients.length][];
    for (int i = 0; i < between.length; i++) {
      between[i] = probe.seen(i);
      for (int j = 0; j < between[i].length; j++) {
        between[i][j] = Float.isFinite(gradients[i][j]) ? between[i][j] : Float.NaN;
      }
    }
    return between;
  }

  /**
   * Norm and maximum that a second transform is told of: AdaGN and AdaClip without a memory. After
   * a factor they are the first ones times the factor, which is not the same to the last bit.
   */
  @Property(tries = 40, seed = "5")
  void secondMeasuring_isThatOfAMaterialisedGradient(
      @ForAll long seed, @ForAll @IntRange(max = 3) int kind) {
    var random = new Random(seed);
    long[][] shapes = random.nextInt(20) == 0 ? LARGE : SMALL;
    GradientTransform first =
        switch (kind) {
          case 0 -> GradientTransform.value(1);
          case 1 -> GradientTransform.adaClip(0.5);
          case 2 -> new GradientTransform.Agc(0.5, 1e-3);
          default -> GradientTransform.globalNorm(10);
        };
    double slack = kind == 3 ? 0x1p-23 : 0;
    long start = random.nextLong();
    var norm = new GradientTransform.AdaGN(0, 0, 0, true);
    try (var one = new Probe(Drawn.parameters(new Random(start), shapes), first);
        var largest =
            new Probe(
                Drawn.parameters(new Random(start), shapes),
                first,
                GradientTransform.adaClip(0),
                NEUTRAL);
        var total = new Probe(Drawn.parameters(new Random(start), shapes), first, norm, NEUTRAL)) {
      for (int t = 0; t < 3; t++) {
        float[][] gradients = gradients(random, shapes);
        one.step(gradients);
        total.step(gradients);
        largest.step(gradients);
        float[][] materialised = between(one, gradients);
        for (int i = 0; i < shapes.length; i++) {
          var statistics = TensorStatistics.of(Tensor.of(materialised[i], shapes[i]));
          if (statistics.nonFinite() == materialised[i].length) {
            continue; // A8: nothing is known of it, and nothing is noted
          }
          double seen = scalar(total, i, "m_norm_t");
          assertThat(seen).isCloseTo(statistics.norm(), within(statistics.norm() * slack));
          // of two transforms that keep the same the later one's is told
          assertThat(scalar(largest, i, "m_max_t")).isEqualTo(statistics.maxAbs());
        }
      }
    }
  }

  private static double scalar(Probe probe, int i, String name) {
    return probe.optimizer.scalars("p" + i).getOrDefault(name, Double.NaN);
  }

  // ---- threads

  @Test
  void s9_everyTransform_givesTheSameBitsAtAnyThreadCount() {
    GradientTransform[] chain = {
      GradientTransform.value(2),
      GradientTransform.adaClip(0.5),
      GradientTransform.agc(),
      new GradientTransform.ZClip(0.9, 0.1, 2),
      GradientTransform.adaGN()
    };
    Snapshot first = null;
    for (int threads = 1; threads <= 4; threads++) {
      var random = new Random(7);
      var builder = Probe.builder(chain).threads(threads);
      try (var probe = new Probe(builder, Drawn.parameters(random, LARGE))) {
        for (int t = 0; t < 4; t++) {
          probe.step(gradients(random, LARGE));
        }
        Snapshot snapshot = Snapshot.of(probe.optimizer);
        first = first == null ? snapshot : first;
        snapshot.assertSame(first);
      }
    }
  }
}
