package io.spam4j.engine.internal.small;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.testing.TestOperands;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The loops of small tensors against the specification, tensor by tensor, to the bit. */
@Tag("kernel")
final class SmallLoopsTest {
  private static final int TENSORS = 24;
  private static final int GAP = 3; // floats between tensors, which nothing may touch
  private static final float CANARY = 0x1.234p-40f;

  /** Streams of tensors: in memory outside the heap, and in arrays for the specification. */
  private static final class Case {
    final Random random;
    final int[] elements;
    final float[][] w = new float[TENSORS][];
    final float[][] g = new float[TENSORS][];
    final float[][] m = new float[TENSORS][];
    final float[][] v = new float[TENSORS][];
    final MemorySegment weights;
    final MemorySegment moments;
    final SmallTensors tensors;
    final UpdateTally[] tallies = new UpdateTally[TENSORS];

    Case(Arena arena, long seed) {
      random = new Random(seed);
      int[] elements = new int[TENSORS];
      long all = GAP;
      for (int k = 0; k < TENSORS; k++) {
        int most = new int[] {4, 40, 200, SmallLoops.MOST}[random.nextInt(4)];
        elements[k] = Math.max(SmallLoops.FEWEST, 1 + random.nextInt(most));
        all += elements[k] + GAP;
      }
      weights = canaries(arena, all);
      moments = canaries(arena, 2 * all);
      tensors = new SmallTensors(TENSORS, moments, new TensorCounts(TENSORS));
      this.elements = tensors.elements;
      long at = GAP;
      for (int k = 0; k < TENSORS; k++) {
        int n = elements[k];
        draw(k, n, seed);
        long bytes = n * 4L;
        this.elements[k] = n;
        tensors.weights[k] = weights.asSlice(at * 4, bytes);
        MemorySegment gradient = arena.allocate(bytes, 4);
        tensors.gradients[k] = gradient;
        tensors.first[k] = at * 4;
        tensors.second[k] = (all + at) * 4;
        put(w[k], weights, at * 4);
        put(g[k], gradient, 0);
        put(m[k], moments, tensors.first[k]);
        put(v[k], moments, tensors.second[k]);
        at += n + GAP;
      }
    }

    private static MemorySegment canaries(Arena arena, long floats) {
      MemorySegment memory = arena.allocate(floats * 4, 4);
      for (long i = 0; i < floats; i++) {
        memory.set(JAVA_FLOAT_UNALIGNED, i * 4, CANARY);
      }
      return memory;
    }

    private static void put(float[] from, MemorySegment to, long at) {
      MemorySegment.copy(from, 0, to, JAVA_FLOAT_UNALIGNED, at, from.length);
    }

    private void draw(int k, int n, long seed) {
      w[k] = new float[n];
      g[k] = new float[n];
      m[k] = new float[n];
      v[k] = new float[n];
      int rare = seed % 3 == 0 ? 100 : 2000;
      boolean ties = random.nextInt(3) == 0;
      boolean fresh = random.nextInt(6) == 0;
      for (int i = 0; i < n; i++) {
        w[k][i] = (float) random.nextGaussian();
        g[k][i] = ties ? random.nextInt(-3, 4) : (float) random.nextGaussian();
        m[k][i] = fresh ? 0 : 0.1f * (float) random.nextGaussian();
        v[k][i] = fresh ? 0 : ties ? 0.5f * (1 + random.nextInt(3)) : random.nextFloat();
        if (random.nextInt(rare) == 0) {
          g[k][i] =
              new float[] {Float.NaN, 1e20f, 1e4f, -3e2f, 0, -0f, 1e-19f, 1e-30f}
                  [random.nextInt(8)];
        }
        if (random.nextInt(rare) == 0) {
          v[k][i] = new float[] {0, 1e-39f, Float.MIN_NORMAL, 1e-30f, 1e30f}[random.nextInt(5)];
        }
        if (random.nextInt(rare) == 0) {
          m[k][i] = new float[] {0, -1e-39f, Float.MIN_NORMAL, -0f}[random.nextInt(4)];
        }
      }
    }

    /** Updates tensors as the specification says: in arrays, where no vector loop works. */
    void specify(int k, UpdateCoefficients c) {
      tallies[k] = new UpdateTally();
      var operands =
          TestOperands.of(
              MemorySegment.ofArray(w[k]),
              MemorySegment.ofArray(g[k]),
              MemorySegment.ofArray(m[k]),
              MemorySegment.ofArray(v[k]));
      FusedUpdate.apply(operands, 0, elements[k], c, tallies[k]);
    }

    /** That a tensor is as specified, and what was counted of it. */
    void requireUpdated(int k) {
      requireStreams(k);
      TensorCounts counts = tensors.counts;
      UpdateTally tally = tallies[k];
      assertThat(
              new Object[] {
                counts.spikes[k],
                counts.skipped[k],
                counts.lowered[k],
                counts.clamped[k],
                counts.largestRatio[k],
                counts.largestAt[k]
              })
          .as("tensor %d of %d elements", k, elements[k])
          .containsExactly(
              tally.spikes,
              tally.skipped,
              tally.lowered,
              tally.clamped,
              tally.largestRatio,
              tally.largestAt);
    }

    void requireStreams(int k) {
      require(k, "weights", w[k], tensors.weights[k], 0);
      require(k, "m", m[k], moments, tensors.first[k]);
      require(k, "v", v[k], moments, tensors.second[k]);
    }

    private void require(int k, String what, float[] expected, MemorySegment actual, long at) {
      float[] floats = new float[expected.length];
      MemorySegment.copy(actual, JAVA_FLOAT_UNALIGNED, at, floats, 0, floats.length);
      for (int i = 0; i < floats.length; i++) {
        if (Float.floatToRawIntBits(floats[i]) != Float.floatToRawIntBits(expected[i])) {
          assertThat(floats[i])
              .as("%s %d of tensor %d of %d", what, i, k, floats.length)
              .isEqualTo(expected[i]);
          assertThat(Float.floatToRawIntBits(floats[i])).as("sign of 0").isZero();
        }
      }
    }

    /** That nothing between tensors has changed. */
    void requireCanaries() {
      int left = 0;
      for (MemorySegment memory : new MemorySegment[] {weights, moments}) {
        for (long at = 0; at < memory.byteSize(); at += 4) {
          left += memory.get(JAVA_FLOAT_UNALIGNED, at) == CANARY ? 1 : 0;
        }
      }
      int used = Arrays.stream(elements).sum();
      long all = (weights.byteSize() + moments.byteSize()) / 4;
      assertThat(all - left).isEqualTo(3L * used);
    }
  }

  /** Settings of which each makes a difference. */
  private static UpdateCoefficients coefficients(Random random) {
    var c = new UpdateCoefficients();
    c.beta1 = 0.9f;
    c.oneMinusBeta1 = 1 - 0.9f;
    c.beta2 = 0.999f;
    c.oneMinusBeta2 = 1 - 0.999f;
    c.flushBelow = Float.MIN_NORMAL;
    c.skipsNonFinite = true;
    c.epsilon = 1e-6f;
    c.stepSize = random.nextInt(8) == 0 ? 0 : 1e-3f;
    c.gradientLimit = 1e18f;
    c.spikeThreshold = new float[] {5000, 20, 1, Float.POSITIVE_INFINITY}[random.nextInt(4)];
    c.nullifiesSpikes = random.nextInt(4) == 0;
    if (random.nextBoolean()) {
      c.gradientScale = random.nextBoolean() ? 0.7f : 1;
      c.normScale = random.nextBoolean() ? 1.3f : 1;
      c.decayBefore = random.nextBoolean() ? 0.99f : 1;
      c.decayAfter = random.nextBoolean() ? 0.01f : 0;
    }
    if (random.nextInt(3) == 0) {
      c.clipAbove = 2;
      c.clipDivisor = 3.5f;
      c.clipTo = 2;
    }
    if (random.nextInt(4) == 0) {
      c.gradientLimit = 1.5f;
    }
    return c;
  }

  @Test
  void tensors_haveTheBitsOfTheSpecification() {
    assertThat(SmallLoops.areFor(SmallLoops.MOST)).isEqualTo(VectorMode.VECTORS);
    assertThat(SmallLoops.areFor(SmallLoops.FEWEST - 1)).isFalse();
    assertThat(SmallLoops.areFor(SmallLoops.MOST + 1)).isFalse();
    if (!VectorMode.VECTORS) {
      return;
    }
    int updated = 0;
    int seeds = 300;
    for (int seed = 0; seed < seeds; seed++) {
      try (Arena arena = Arena.ofConfined()) {
        var one = new Case(arena, seed);
        UpdateCoefficients c = coefficients(one.random);
        for (int k = 0; k < TENSORS; ) {
          int done = SmallLoops.run(one.tensors, k, TENSORS, c);
          updated += done - k;
          for (; k < done; k++) {
            one.specify(k, c);
            one.requireUpdated(k);
          }
          if (done < TENSORS) {
            one.requireStreams(done); // as it was
            k = done + 1;
          }
        }
        one.requireCanaries();
      }
    }
    assertThat(updated).isGreaterThan(seeds * TENSORS * 3 / 4);
  }

  /** Of usual tensors none is left, whatever their sizes. */
  @Test
  void usualTensors_areAllDone() {
    if (!VectorMode.VECTORS) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      for (int n = SmallLoops.FEWEST; n < 200; n++) {
        var one = new Case(arena, n);
        for (int k = 0; k < TENSORS; k++) {
          one.elements[k] = Math.min(one.elements[k], n);
          Arrays.fill(one.g[k], 1);
          Arrays.fill(one.v[k], 0.5f + k);
          Case.put(one.g[k], Objects.requireNonNull(one.tensors.gradients[k]), 0);
          Case.put(one.v[k], one.moments, one.tensors.second[k]);
        }
        var c = coefficients(new Random(0));
        c.spikeThreshold = 5000;
        assertThat(SmallLoops.run(one.tensors, 3, TENSORS - 1, c)).isEqualTo(TENSORS - 1);
        for (int k = 0; k < TENSORS; k++) {
          long at = k < 3 || k == TENSORS - 1 ? UpdateTally.NOWHERE : 0;
          assertThat(one.tensors.counts.largestAt[k]).as("tensor %d", k).isEqualTo(at);
        }
      }
    }
  }

  @Test
  void coefficients_thatAreNotForTheseLoops_leaveAllAsItIs() {
    if (!VectorMode.VECTORS) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      for (int which = 0; which < 9; which++) {
        var one = new Case(arena, which);
        UpdateCoefficients c = coefficients(new Random(1));
        switch (which) {
          case 0 -> c.skipsNonFinite = false;
          case 1 -> c.flushBelow = 0;
          case 2 -> c.clipsAtZero = true;
          case 3 -> c.coupledDecay = 0.1f;
          case 4 -> c.epsilon = 0;
          case 5 -> c.spikeThreshold = 0.5f;
          case 6 -> c.leavesWeights = true;
          case 7 -> c.resetsMoments = true;
          default -> c.zeroesMomentsAfter = true;
        }
        assertThat(SmallLoops.run(one.tensors, 2, TENSORS, c)).isEqualTo(2);
        for (int k = 0; k < TENSORS; k++) {
          one.requireStreams(k);
        }
      }
    }
  }
}
