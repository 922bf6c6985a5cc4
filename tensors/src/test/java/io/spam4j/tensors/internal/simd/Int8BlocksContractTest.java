package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The 8-bit codecs by vectors are those of heap memory, which are the scalar ones. The build runs
 * this at every width.
 */
@Tag("kernel")
final class Int8BlocksContractTest {
  private static final long FIRST = 3;
  private static final long KEY = 0x0123_4567_89ab_cdefL;

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
  @ValueSource(ints = {0, 1, 127, 128, 129, 256, 1021, 4099, 40_000})
  void codecs_haveTheBitsOfTheScalarForm(int count) {
    MemorySegment values = values(count + 1);
    MemorySegment heapValues = MemorySegment.ofArray(values.toArray(JAVA_INT_UNALIGNED));
    var expected = new Streams(count, false);
    var actual = new Streams(count, true);
    for (var form : Int8Form.values()) {
      form.encode(heapValues, 1, expected.codes, expected.scales, FIRST, count, KEY);
      form.encode(values, 1, actual.codes, actual.scales, FIRST, count, KEY);
      actual.assertEquals(expected);
      form.decode(expected.codes, expected.scales, FIRST, expected.floats, 1, count);
      form.decode(actual.codes, actual.scales, FIRST, actual.floats, 1, count);
      actual.assertEquals(expected);
    }
  }

  @Test
  void decode_ofAnyCodes_hasTheBitsOfTheScalarForm() {
    int count = 1024;
    var expected = new Streams(count, false);
    var actual = new Streams(count, true);
    float[] scales = {1, 0, Float.MIN_NORMAL, Float.MAX_VALUE, 1.4e-45f, -3, 1e30f, 0.37f};
    for (int i = 0; i < count; i++) {
      expected.codes.set(JAVA_BYTE, FIRST * Int8Blocks.BLOCK + i, (byte) (i / 3));
      expected.scales.set(
          JAVA_FLOAT_UNALIGNED, (FIRST + i / Int8Blocks.BLOCK) * 4, scales[i / Int8Blocks.BLOCK]);
    }
    actual.codes.copyFrom(expected.codes);
    actual.scales.copyFrom(expected.scales);
    for (var form : Int8Form.values()) {
      form.decode(expected.codes, expected.scales, FIRST, expected.floats, 1, count);
      form.decode(actual.codes, actual.scales, FIRST, actual.floats, 1, count);
      actual.assertEquals(expected);
    }
  }

  @Test
  void encode_inPieces_givesTheSameBits() {
    int count = 4099;
    MemorySegment values = values(count);
    for (var form : Int8Form.values()) {
      var whole = new Streams(count, true);
      var pieces = new Streams(count, true);
      form.encode(values, 0, whole.codes, whole.scales, 0, count, KEY);
      for (int from = 0; from < count; from += 3 * Int8Blocks.BLOCK) {
        int part = Math.min(count - from, 3 * Int8Blocks.BLOCK);
        long block = from / Int8Blocks.BLOCK;
        form.encode(values, from, pieces.codes, pieces.scales, block, part, KEY);
      }
      pieces.assertEquals(whole);
    }
  }

  /** Blocks of all sizes of numbers; some have zeros, some are zero, subnormal or not finite. */
  private MemorySegment values(int count) {
    MemorySegment values = arena.allocate(count * 4L, 64);
    var random = new SplittableRandom(3);
    double scale = 1;
    for (int i = 0; i < count; i++) {
      if ((i - 1) % Int8Blocks.BLOCK == 0) {
        scale = Math.pow(2, random.nextInt(-150, 128));
      }
      double value = random.nextDouble(-1, 1) * Math.pow(2, -random.nextInt(30)) * scale;
      values.set(JAVA_FLOAT_UNALIGNED, i * 4L, random.nextInt(50) == 0 ? 0 : (float) value);
      if (random.nextInt(2000) == 0) {
        values.set(JAVA_INT_UNALIGNED, i * 4L, 0x7f80_0000 | random.nextInt());
      }
    }
    return values;
  }

  /** Codes, scales and floats, with room on both sides that no codec may touch. */
  private final class Streams {
    final MemorySegment codes;
    final MemorySegment scales;
    final MemorySegment floats;

    Streams(int count, boolean isNative) {
      codes = filled(FIRST * Int8Blocks.BLOCK + count + 4, isNative);
      scales = filled((FIRST + Int8Blocks.blockCount(count) + 1) * 4, isNative);
      floats = filled((count + 2) * 4L, isNative);
    }

    private MemorySegment filled(long bytes, boolean isNative) {
      MemorySegment memory =
          isNative ? arena.allocate(bytes, 64) : MemorySegment.ofArray(new byte[(int) bytes]);
      return memory.fill((byte) 0x5a);
    }

    void assertEquals(Streams expected) {
      assertThat(codes.mismatch(expected.codes)).isEqualTo(-1);
      assertThat(scales.mismatch(expected.scales)).isEqualTo(-1);
      assertThat(floats.mismatch(expected.floats)).isEqualTo(-1);
    }
  }
}
