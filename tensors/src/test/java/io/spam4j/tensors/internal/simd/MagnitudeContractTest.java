package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Comparing by vectors is comparing one by one. The build runs this at every width. */
@Tag("kernel")
final class MagnitudeContractTest {
  private static final int SIZE = 1000;

  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void path_isTheOneAskedFor() {
    String asked = System.getProperty("spam4j.test.bits", "" + VectorMode.BITS);
    assertThat(VectorMode.BITS).isEqualTo(Integer.parseInt(asked));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4})
  void atLeast_isTheComparisonOfKeys(int offset) {
    MemorySegment values = values(offset);
    int[] keys = {
      0,
      1,
      0x0080_0000,
      0x3f7f_ffff,
      0x3f80_0000,
      0x7f7f_ffff,
      0x7f80_0000,
      0x7f80_0001,
      0x7f80_0002
    };
    for (int key : keys) {
      for (int from : new int[] {0, 1, 63, 64, 500}) {
        for (int count : new int[] {0, 1, 17, 63, 64}) {
          long expected = 0;
          for (int i = 0; i < count; i++) {
            float value = values.get(JAVA_FLOAT_UNALIGNED, (from + i) * 4L);
            int magnitude =
                Float.isNaN(value) ? 0x7f80_0001 : Float.floatToRawIntBits(Math.abs(value));
            assertThat(Magnitude.key(values, from + i)).isEqualTo(magnitude);
            expected |= magnitude >= key ? 1L << i : 0;
          }
          assertThat(Magnitude.atLeast(values, from, count, key)).isEqualTo(expected);
        }
      }
    }
  }

  /** Normal values, special ones, and every kind of NaN. */
  private MemorySegment values(int offset) {
    MemorySegment values = arena.allocate(SIZE * 4L + 64, 64).asSlice(offset, SIZE * 4L);
    var random = new Random(9);
    int[] special = {
      0,
      0x8000_0000,
      1,
      0x0080_0000,
      0x3f80_0000,
      0xbf80_0000,
      0x7f7f_ffff,
      0x7f80_0000,
      0xff80_0000,
      0x7f80_0001,
      0xff80_0001,
      0x7fc0_0000,
      0xffff_ffff,
      0x7fff_ffff
    };
    for (int i = 0; i < SIZE; i++) {
      int bits =
          random.nextInt(3) == 0
              ? special[random.nextInt(special.length)]
              : Float.floatToRawIntBits((float) random.nextGaussian());
      values.set(JAVA_INT_UNALIGNED, i * 4L, bits);
    }
    return values;
  }
}
