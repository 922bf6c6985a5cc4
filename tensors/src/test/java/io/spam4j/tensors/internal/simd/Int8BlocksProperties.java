package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What holds for every block of numbers: no code is further off than its rounding says. */
final class Int8BlocksProperties {
  @Property(tries = 300, seed = "1")
  void encode_isOffByAtMostItsRounding(
      @ForAll Int8Form form,
      @ForAll long seed,
      @ForAll @IntRange(min = -80, max = 127) int exponent,
      @ForAll @IntRange(min = 1, max = 300) int count) {
    var random = new SplittableRandom(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      double tail = Math.pow(2, -random.nextInt(12)) * Math.pow(2, exponent);
      values[i] = (float) (random.nextDouble(-1, 1) * tail);
    }
    MemorySegment codes = MemorySegment.ofArray(new byte[count]);
    MemorySegment scales = MemorySegment.ofArray(new float[3]);
    MemorySegment back = MemorySegment.ofArray(new float[count]);
    form.encode(MemorySegment.ofArray(values), 0, codes, scales, 0, count, seed);
    form.decode(codes, scales, 0, back, 0, count);
    boolean signed = form == Int8Form.SIGNED || form == Int8Form.SIGNED_STOCHASTIC;
    boolean nearest = form == Int8Form.SIGNED || form == Int8Form.UNSIGNED;
    double allowed = (nearest ? 0.5 : 1) + 1e-3;
    for (int i = 0; i < count; i++) {
      double scale = scales.getAtIndex(JAVA_FLOAT_UNALIGNED, i / Int8Blocks.BLOCK);
      double y = Math.abs(values[i]) / scale;
      int code = codes.get(JAVA_BYTE, i);
      if (signed) {
        assertThat(Math.abs(code)).isLessThanOrEqualTo(127);
        assertThat(Math.abs(Math.signum(values[i]) * 254 * y / (1 + y) - code))
            .isLessThanOrEqualTo(allowed);
        assertThat(Math.abs(back.getAtIndex(JAVA_FLOAT_UNALIGNED, i) - values[i]) / scale)
            .isLessThanOrEqualTo(allowed * 4 / 254);
      } else {
        double exact = Math.max(255 * Math.sqrt(y), values[i] == 0 ? 0 : 1);
        assertThat(Math.abs(exact - (code & 255))).isLessThanOrEqualTo(allowed);
        double root = Math.sqrt(back.getAtIndex(JAVA_FLOAT_UNALIGNED, i) / scale);
        assertThat(Math.abs(255 * root - exact)).isLessThanOrEqualTo(allowed);
      }
    }
  }
}
