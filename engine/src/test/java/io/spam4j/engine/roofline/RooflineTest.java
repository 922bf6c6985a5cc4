package io.spam4j.engine.roofline;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Runs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class RooflineTest {
  @Test
  void roofline_timesBothAndDividesThem() {
    Roofline roofline = Roofline.measure(100_000, 2, 3);
    assertThat(roofline.weights()).isEqualTo(100_000);
    assertThat(roofline.stepNanos()).isPositive();
    assertThat(roofline.limitNanos()).isPositive();
    var known = new Roofline(1000, 1, 56_000, 28_000);
    assertThat(known.ratio()).isEqualTo(2);
    assertThat(known.limitBandwidth()).isEqualTo(1);
    assertThat(known.stepBandwidth()).isEqualTo(0.5);
  }

  @Test
  void roofline_refusesNothingToMeasure() {
    assertThatThrownBy(() -> Roofline.measure(0, 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("weights, threads and rounds must be positive: weights=0, threads=1, rounds=1");
  }

  @Tag("kernel")
  @Test
  void yardstick_changesNothing_andReallyReadsAndWrites() {
    int n = 1021;
    var random = new Random(2);
    float[][] streams = new float[4][];
    for (int i = 0; i < 4; i++) {
      streams[i] = Runs.draw(random, n, 10);
    }
    float[] w = streams[0].clone();
    float[] g = streams[1].clone();
    float[] m = streams[2].clone();
    float[] v = streams[3].clone();
    apply(w, g, m, v, 0);
    assertThat(w).isEqualTo(streams[0]);
    assertThat(m).isEqualTo(streams[2]);
    assertThat(v).isEqualTo(streams[3]);
    apply(w, g, m, v, -1); // with every bit let through, it is an exclusive or with g
    for (int i = 0; i < n; i++) {
      int bits = Float.floatToRawIntBits(g[i]);
      assertThat(Float.floatToRawIntBits(v[i]))
          .isEqualTo(Float.floatToRawIntBits(streams[3][i]) ^ bits);
      assertThat(Float.floatToRawIntBits(w[i]))
          .isEqualTo(Float.floatToRawIntBits(streams[0][i]) ^ bits);
    }
    assertThat(g).isEqualTo(streams[1]);
  }

  @Tag("kernel")
  @Test
  void yardstick_readsAndRewritesOneStream() {
    int n = 1021;
    float[] values = Runs.draw(new Random(3), n, 10);
    float[] stream = values.clone();
    int all = 0;
    for (int i = 5; i < n - 1; i++) {
      all ^= Float.floatToRawIntBits(values[i]);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = outsideTheHeap(arena, stream);
      assertThat(StreamLoops.read(memory, 5, n - 1)).isEqualTo(all);
      StreamLoops.rewrite(memory, 5, n - 1, 0);
      assertThat(memory.toArray(JAVA_FLOAT_UNALIGNED)).isEqualTo(values);
      StreamLoops.rewrite(memory, 5, n - 1, -1);
      for (int i = 0; i < n; i++) {
        int flipped = i < 5 || i == n - 1 ? 0 : -1;
        float value = memory.getAtIndex(JAVA_FLOAT_UNALIGNED, i);
        assertThat(Float.floatToRawIntBits(value))
            .isEqualTo(Float.floatToRawIntBits(values[i]) ^ flipped);
      }
    }
  }

  private static void apply(float[] w, float[] g, float[] m, float[] v, int zero) {
    try (Arena arena = Arena.ofConfined()) {
      float[][] arrays = {w, g, m, v};
      MemorySegment[] s =
          Stream.of(arrays).map(a -> outsideTheHeap(arena, a)).toArray(MemorySegment[]::new);
      StreamLoops.apply(s[0], s[1], s[2], s[3], 0, w.length, zero);
      for (int i = 0; i < arrays.length; i++) {
        MemorySegment.ofArray(arrays[i]).copyFrom(s[i]);
      }
    }
  }

  private static MemorySegment outsideTheHeap(Arena arena, float[] values) {
    return arena.allocateFrom(JAVA_FLOAT_UNALIGNED, values);
  }
}
