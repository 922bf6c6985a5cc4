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
 * 8-bit moments by vectors are those of heap memory, which are the scalar ones. The build runs this
 * at every width.
 */
@Tag("kernel")
final class MomentCodesContractTest {
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
  void codes_haveTheBitsOfTheScalarForm(int count) {
    var expected = new Streams(count, false);
    var actual = new Streams(count, true);
    for (int step = 0; step < 4; step++) { // with grids of the step before
      MemorySegment first = values(count + 1, 2L * step, true);
      MemorySegment second = values(count + 1, 2L * step + 1, false);
      expected.encode(heap(first), heap(second), 0, count);
      actual.encode(first, second, 0, count);
      actual.assertEquals(expected);
      expected.decode(count);
      actual.decode(count);
      actual.assertEquals(expected);
    }
  }

  @Test
  void decode_ofAnyCodes_hasTheBitsOfTheScalarForm() {
    int[] grids = {
      0, 0x3f80_0013, 0x3f80_000e, 0x1ff8_0013, 0x5780_0013, MomentGrid.NAN, 0x3f81_0010
    };
    int count = grids.length * MomentCodes.BLOCK;
    var expected = new Streams(count, false);
    var actual = new Streams(count, true);
    for (int i = 0; i < count; i++) {
      long at = FIRST * MomentCodes.BLOCK + i;
      expected.firstCodes.set(JAVA_BYTE, at, (byte) Math.max(i * 7, -127));
      expected.secondCodes.set(JAVA_BYTE, at, (byte) (i / 3));
      int block = i / MomentCodes.BLOCK;
      expected.grids.set(JAVA_INT_UNALIGNED, (FIRST + block) * 4, grids[block]);
    }
    actual.firstCodes.copyFrom(expected.firstCodes);
    actual.secondCodes.copyFrom(expected.secondCodes);
    actual.grids.copyFrom(expected.grids);
    expected.decode(count);
    actual.decode(count);
    actual.assertEquals(expected);
  }

  @Test
  void encode_inPieces_givesTheSameBits() {
    int count = 4099;
    MemorySegment first = values(count + 1, 1, true);
    MemorySegment second = values(count + 1, 2, false);
    var whole = new Streams(count, true);
    var pieces = new Streams(count, true);
    whole.encode(first, second, 0, count);
    for (int from = 0; from < count; from += 3 * MomentCodes.BLOCK) {
      pieces.encode(first, second, from, Math.min(count - from, 3 * MomentCodes.BLOCK));
    }
    pieces.assertEquals(whole);
  }

  private static MemorySegment heap(MemorySegment values) {
    return MemorySegment.ofArray(values.toArray(JAVA_INT_UNALIGNED));
  }

  /** Blocks of all sizes of numbers; some have zeros, some are zero, subnormal or not finite. */
  private MemorySegment values(int count, long seed, boolean signed) {
    MemorySegment values = arena.allocate(count * 4L, 64);
    var random = new SplittableRandom(seed);
    double scale = 1;
    int octaves = 1;
    for (int i = 0; i < count; i++) {
      if ((i - 1) % MomentCodes.BLOCK == 0) {
        scale = Math.pow(2, random.nextInt(-150, 128));
        octaves = random.nextInt(1, 40);
      }
      double value = random.nextDouble(0.9, 1) * Math.pow(2, -random.nextInt(octaves)) * scale;
      float given = random.nextInt(150) == 0 ? 0 : (float) value;
      values.set(JAVA_FLOAT_UNALIGNED, i * 4L, signed && random.nextBoolean() ? -given : given);
      if (random.nextInt(2000) == 0) {
        values.set(JAVA_INT_UNALIGNED, i * 4L, 0x7f80_0000 | (random.nextInt() >>> 9));
      }
      if (random.nextInt(2000) == 0) {
        values.set(JAVA_FLOAT_UNALIGNED, i * 4L, Float.POSITIVE_INFINITY);
      }
    }
    return values;
  }

  /** Codes, grids and floats, with room on both sides that no codec may touch. */
  private final class Streams {
    final MemorySegment firstCodes;
    final MemorySegment secondCodes;
    final MemorySegment grids;
    final MemorySegment first;
    final MemorySegment second;

    Streams(int count, boolean isNative) {
      firstCodes = filled(FIRST * MomentCodes.BLOCK + count + 4, isNative);
      secondCodes = filled(FIRST * MomentCodes.BLOCK + count + 4, isNative);
      grids = filled((FIRST + MomentCodes.blockCount(count) + 1) * 4, isNative);
      first = filled((count + 2) * 4L, isNative);
      second = filled((count + 2) * 4L, isNative);
      grids.asSlice(FIRST * 4, MomentCodes.blockCount(count) * 4).fill((byte) 0);
    }

    private MemorySegment filled(long bytes, boolean isNative) {
      MemorySegment memory =
          isNative ? arena.allocate(bytes, 64) : MemorySegment.ofArray(new byte[(int) bytes]);
      return memory.fill((byte) 0x5a);
    }

    void encode(MemorySegment ofFirst, MemorySegment ofSecond, int from, int count) {
      long block = FIRST + from / MomentCodes.BLOCK;
      MomentCodes.encode(
          ofFirst, ofSecond, from + 1, firstCodes, secondCodes, grids, block, count, KEY);
    }

    void decode(int count) {
      long from = FIRST * MomentCodes.BLOCK;
      MomentCodes.decode(firstCodes, secondCodes, grids, from, first, second, 1, count);
    }

    void assertEquals(Streams expected) {
      assertThat(firstCodes.mismatch(expected.firstCodes)).isEqualTo(-1);
      assertThat(secondCodes.mismatch(expected.secondCodes)).isEqualTo(-1);
      assertThat(grids.mismatch(expected.grids)).isEqualTo(-1);
      assertThat(first.mismatch(expected.first)).isEqualTo(-1);
      assertThat(second.mismatch(expected.second)).isEqualTo(-1);
    }
  }
}
