package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.testing.TestOperands;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever path {@link FusedUpdate} takes, it does what {@link UpdateScalar} says, bit for bit, and
 * touches nothing else. The build runs this class at 0, 128, 256 and 512 bits.
 */
@Tag("kernel")
final class UpdateContractTest {
  private static final float CANARY = 12345.678f;
  private static final float[] SPECIAL = {
    0f,
    -0f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    1e18f,
    2e18f,
    -3e19f,
    1e-20f,
    1e-30f
  };

  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void path_isTheOneAskedFor() {
    String asked = System.getProperty("spam4j.test.bits", "" + VectorMode.BITS);
    assertThat(VectorMode.BITS).isEqualTo(Integer.parseInt(asked));
    assertThat(VectorMode.VECTORS).isEqualTo(VectorMode.BITS != 0);
  }

  static Stream<Arguments> shapesAndCoefficients() {
    int l = Math.max(1, VectorMode.BITS / Float.SIZE);
    int[] sizes = {0, 1, l - 1, l, l + 1, 4 * l + 1, 1021, 4099};
    return variants()
        .flatMap(
            variant ->
                IntStream.of(sizes)
                    .boxed()
                    .flatMap(
                        size ->
                            Stream.of(0, 4, 1).map(bytes -> Arguments.of(variant, size, bytes))));
  }

  /** A name and a change to the coefficients of plain Adam. */
  record Variant(String name, Consumer<UpdateCoefficients> change) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Arguments> shapesAndAddedCoefficients() {
    return shapesAndCoefficients()
        .filter(arguments -> coefficients((Variant) arguments.get()[0]).onlyAdds());
  }

  static Stream<Variant> variants() {
    return Stream.of(
        new Variant("adam", _ -> {}),
        new Variant("spam", c -> c.spikeThreshold = 50),
        new Variant(
            "paper",
            c -> {
              c.spikeThreshold = 50;
              c.clipsAtZero = true;
            }),
        new Variant(
            "reference",
            c -> {
              c.spikeThreshold = 5000;
              c.clipsAtZero = true;
              c.gradientLimit = Float.POSITIVE_INFINITY;
              c.skipsNonFinite = false;
              c.flushBelow = 0;
              c.decayAfter = 0.001f;
            }),
        new Variant("l2", c -> c.coupledDecay = 0.1f),
        new Variant(
            "clipped by norm and value",
            c -> {
              c.gradientScale = 0.37f;
              c.gradientLimit = 0.5f;
              c.decayBefore = 0.99f;
            }),
        new Variant(
            "stable-spam",
            c -> {
              c.gradientScale = 0.75f;
              c.clipAbove = 0.2f;
              c.clipDivisor = 3e19f;
              c.clipTo = 0.21f;
              c.normScale = 3.7f;
              c.decayBefore = 0.99f;
            }),
        new Variant(
            "large norm scale",
            c -> {
              c.normScale = 5e18f;
              c.spikeThreshold = 50;
            }),
        new Variant(
            "nullified",
            c -> {
              c.spikeThreshold = 50;
              c.nullifiesSpikes = true;
            }),
        new Variant("still", c -> c.stepSize = 0),
        new Variant("no eps", c -> c.epsilon = 0),
        new Variant("from zero", c -> c.momentsAreZero = true),
        new Variant(
            "paper, from zero",
            c -> {
              c.momentsAreZero = true;
              c.clipsAtZero = true;
              c.spikeThreshold = 50;
            }));
  }

  private static UpdateCoefficients coefficients(Variant variant) {
    var c = new UpdateCoefficients();
    c.gradientLimit = 1e18f;
    c.skipsNonFinite = true;
    c.beta1 = 0.9f;
    c.oneMinusBeta1 = 0.1f;
    c.beta2 = 0.999f;
    c.oneMinusBeta2 = 0.001f;
    c.flushBelow = Float.MIN_NORMAL;
    c.epsilon = 1e-6f;
    c.stepSize = 1e-2f;
    variant.change().accept(c);
    return c;
  }

  @ParameterizedTest(name = "{0}, {1} elements, {2} bytes off")
  @MethodSource("shapesAndCoefficients")
  void update_isTheSpecifications(Variant variant, int size, int offset) {
    State expected = new State(arena, size, offset, 7);
    State actual = new State(arena, size, offset, 7);
    UpdateCoefficients c = coefficients(variant);
    var expectedTally = new UpdateTally();
    var actualTally = new UpdateTally();
    if (c.momentsAreZero) {
      expected.zeroMoments();
      actual.zeroMoments();
    }
    for (int step = 0; step < (c.momentsAreZero ? 1 : 3); step++) {
      expected.drawGradient(step);
      actual.drawGradient(step);
      UpdateScalar.apply(expected.operands(), 0, size, c, expectedTally);
      FusedUpdate.apply(actual.operands(), 0, size, c, actualTally);
      actual.assertSameBits(expected);
    }
    assertThat(actualTally).usingRecursiveComparison().isEqualTo(expectedTally);
    actual.assertCanaries();
  }

  @ParameterizedTest(name = "{0}, {1} elements, {2} bytes off")
  @MethodSource("shapesAndAddedCoefficients")
  void changes_addedToTheWeights_areTheUpdate(Variant variant, int size, int offset) {
    UpdateCoefficients c = coefficients(variant);
    State expected = new State(arena, size, offset, 7);
    State actual = new State(arena, size, offset, 7);
    if (c.momentsAreZero) {
      expected.zeroMoments();
      actual.zeroMoments();
    }
    expected.drawGradient(1);
    actual.drawGradient(1);
    MemorySegment before = arena.allocate(actual.w.byteSize() + 1).asSlice(1).copyFrom(actual.w);
    var expectedTally = new UpdateTally();
    var actualTally = new UpdateTally();
    UpdateScalar.apply(expected.operands(), 0, size, c, expectedTally);
    Operands o = actual.operands();
    o.givesChanges = true;
    FusedUpdate.apply(o, 0, size, c, actualTally);
    for (long at = 0; at < 4L * size; at += 4) {
      float change = actual.w.get(JAVA_FLOAT_UNALIGNED, at);
      float weight = before.get(JAVA_FLOAT_UNALIGNED, at);
      actual.w.set(JAVA_FLOAT_UNALIGNED, at, weight + change);
    }
    actual.assertSameBits(expected);
    assertThat(actualTally).usingRecursiveComparison().isEqualTo(expectedTally);
    actual.assertCanaries();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void update_isTheSameWhereverItIsCut(Variant variant) {
    int n = 300;
    UpdateCoefficients c = coefficients(variant);
    State whole = new State(arena, n, 0, 11);
    if (c.momentsAreZero) {
      whole.zeroMoments();
    }
    whole.drawGradient(1);
    var wholeTally = new UpdateTally();
    FusedUpdate.apply(whole.operands(), 0, n, c, wholeTally);
    for (int cut = 0; cut <= n; cut++) {
      State parts = new State(arena, n, 0, 11);
      if (c.momentsAreZero) {
        parts.zeroMoments();
      }
      parts.drawGradient(1);
      var tally = new UpdateTally();
      FusedUpdate.apply(parts.operands(), 0, cut, c, tally);
      FusedUpdate.apply(parts.operands(), cut, n, c, tally);
      parts.assertSameBits(whole);
      assertThat(tally).usingRecursiveComparison().isEqualTo(wholeTally);
    }
  }

  @Test
  void update_leavesTheGradientAlone_S10() {
    State state = new State(arena, 1021, 0, 3);
    state.drawGradient(5);
    byte[] before = state.g.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    UpdateCoefficients c = coefficients(new Variant("spam", x -> x.spikeThreshold = 2));
    FusedUpdate.apply(state.operands(), 0, 1021, c, new UpdateTally());
    assertThat(state.g.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).isEqualTo(before);
  }

  @Test
  void update_onHeapMemory_isTheSameAsOnNative() {
    int n = 1021;
    UpdateCoefficients c = coefficients(new Variant("spam", x -> x.spikeThreshold = 50));
    State state = new State(arena, n, 0, 3);
    state.drawGradient(5);
    MemorySegment w = MemorySegment.ofArray(new float[n]).copyFrom(state.w);
    MemorySegment g = MemorySegment.ofArray(new float[n]).copyFrom(state.g);
    MemorySegment m = MemorySegment.ofArray(new float[n]).copyFrom(state.m);
    MemorySegment v = MemorySegment.ofArray(new float[n]).copyFrom(state.v);
    FusedUpdate.apply(TestOperands.of(w, g, m, v), 0, n, c, new UpdateTally());
    FusedUpdate.apply(state.operands(), 0, n, c, new UpdateTally());
    assertThat(w.mismatch(state.w)).isEqualTo(-1);
    assertThat(m.mismatch(state.m)).isEqualTo(-1);
    assertThat(v.mismatch(state.v)).isEqualTo(-1);
  }

  /** Four streams between canaries, with special values strewn in. */
  private static final class State {
    private final MemorySegment whole;
    private final int size;
    private final long stride;
    private final Random random;
    final MemorySegment w;
    final MemorySegment g;
    final MemorySegment m;
    final MemorySegment v;

    State(Arena arena, int size, int offset, long seed) {
      this.size = size;
      random = new Random(seed);
      stride = (size + 32L) * Float.BYTES;
      whole = arena.allocate(4 * stride + 64, 64).asSlice(offset, 4 * stride);
      for (long at = 0; at < whole.byteSize(); at += Float.BYTES) {
        whole.set(JAVA_FLOAT_UNALIGNED, at, CANARY);
      }
      w = stream(0);
      g = stream(1);
      m = stream(2);
      v = stream(3);
      for (int i = 0; i < size; i++) {
        set(w, i, random.nextInt(8) == 0 ? -0f : (float) random.nextGaussian());
        set(m, i, random.nextInt(4) == 0 ? 0 : (float) random.nextGaussian() * 0.1f);
        if (random.nextInt(16) == 0) {
          set(m, i, i % 2 == 0 ? 1e-39f : -1e-39f);
        }
        set(v, i, random.nextInt(8) == 0 ? 0 : (float) Math.abs(random.nextGaussian()) * 0.01f);
        if (random.nextInt(16) == 0) {
          set(v, i, new float[] {Float.MIN_VALUE, 1e-39f, 1e35f, Float.MAX_VALUE}[i % 4]);
        }
      }
    }

    Operands operands() {
      return TestOperands.of(w, g, m, v);
    }

    private MemorySegment stream(int index) {
      return whole.asSlice(index * stride + 16 * Float.BYTES, (long) size * Float.BYTES);
    }

    private static void set(MemorySegment segment, int index, float value) {
      segment.set(JAVA_FLOAT_UNALIGNED, (long) index * Float.BYTES, value);
    }

    void zeroMoments() {
      for (int i = 0; i < size; i++) {
        set(m, i, 0);
        set(v, i, 0);
      }
    }

    /** Of few spikes; at the last of three steps of many. */
    void drawGradient(int step) {
      var draw = new Random(step);
      boolean isLoud = step == 2;
      for (int i = 0; i < size; i++) {
        float usual = (float) draw.nextGaussian() * 0.1f;
        int kind = draw.nextInt(64);
        boolean isSpike = kind == 0 || (isLoud && kind % 2 == 0);
        float spiked = isSpike ? usual * 1000 : usual;
        set(g, i, kind == 1 ? SPECIAL[draw.nextInt(SPECIAL.length)] : spiked);
      }
    }

    void assertSameBits(State other) {
      assertThat(w.mismatch(other.w)).as("weights").isEqualTo(-1);
      assertThat(m.mismatch(other.m)).as("first moments").isEqualTo(-1);
      assertThat(v.mismatch(other.v)).as("second moments").isEqualTo(-1);
    }

    void assertCanaries() {
      for (int index = 0; index < 4; index++) {
        for (int i = 0; i < 16; i++) {
          long before = index * stride + (long) i * Float.BYTES;
          long after = before + (16L + size) * Float.BYTES;
          assertThat(whole.get(JAVA_FLOAT_UNALIGNED, before)).isEqualTo(CANARY);
          assertThat(whole.get(JAVA_FLOAT_UNALIGNED, after)).isEqualTo(CANARY);
        }
      }
    }
  }
}
