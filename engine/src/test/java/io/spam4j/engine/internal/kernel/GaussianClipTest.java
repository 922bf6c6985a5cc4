package io.spam4j.engine.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Outside the heap, by vectors, gradients are clipped to the bits of the scalar form. */
@Tag("kernel")
final class GaussianClipTest {
  private static final int[] SIZES = {1, 15, 16, 17, 65, 1021};
  private static final long FROM = 3; // in the tensor

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void clip_hasTheBitsOfTheScalarForm(boolean skips) {
    long spikes = 0;
    for (int size : SIZES) {
      try (Arena arena = Arena.ofConfined()) {
        var random = new Random(size);
        MemorySegment[] heap = new MemorySegment[3];
        MemorySegment[] outside = new MemorySegment[3];
        for (int i = 0; i < heap.length; i++) {
          int count = i == 0 ? size : size + (int) FROM;
          heap[i] = MemorySegment.ofArray(new float[count]);
          outside[i] = arena.allocate(4L * count);
        }
        for (int t = 0; t < 5; t++) {
          for (long i = 0; i < size; i++) {
            float factor = random.nextInt(40) == 0 && t > 1 ? 100 : 1;
            float value = (float) random.nextGaussian() * factor;
            heap[0].setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
          }
          if (t == 3) {
            heap[0].setAtIndex(ValueLayout.JAVA_FLOAT, size / 2, Float.NaN);
            heap[0].setAtIndex(ValueLayout.JAVA_FLOAT, size / 3, -1e30f);
          }
          outside[0].copyFrom(heap[0]);
          UpdateTally expected = clip(heap, size, t, skips);
          UpdateTally actual = clip(outside, size, t, skips);
          spikes += expected.spikes;
          assertThat(actual.spikes).isEqualTo(expected.spikes);
          assertThat(actual.clamped).isEqualTo(expected.clamped);
          for (int i = 0; i < heap.length; i++) {
            assertThat(outside[i].mismatch(heap[i])).isEqualTo(-1);
          }
        }
      }
    }
    assertThat(spikes).isPositive();
  }

  private static UpdateTally clip(MemorySegment[] of, int size, int t, boolean skips) {
    var c = new UpdateCoefficients();
    c.skipsNonFinite = skips;
    c.clipsDeviations = true;
    c.gradientLimit = 1e18f;
    c.beta2 = 0.9f;
    c.oneMinusBeta2 = 0.1f;
    c.meanCorrection = (float) (1 - Math.pow(0.9, t));
    c.varianceCorrection = t == 0 ? 0 : (float) (1 - Math.pow(0.9, t - 1));
    var tally = new UpdateTally();
    GaussianClip.apply(of[0], of[1], of[2], FROM, FROM + size, c, tally);
    return tally;
  }
}
