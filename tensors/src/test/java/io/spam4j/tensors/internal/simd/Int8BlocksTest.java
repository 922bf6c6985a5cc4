package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the 8-bit codecs make of single values, of special ones, and of many. */
final class Int8BlocksTest {
  private static final int BLOCK = Int8Blocks.BLOCK;

  private final Arena arena = Arena.ofConfined();
  private MemorySegment codes = MemorySegment.NULL;
  private MemorySegment scales = MemorySegment.NULL;

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void blockCount_isRoundedUp() {
    assertThat(Int8Blocks.blockCount(0)).isEqualTo(0);
    assertThat(Int8Blocks.blockCount(1)).isEqualTo(1);
    assertThat(Int8Blocks.blockCount(128)).isEqualTo(1);
    assertThat(Int8Blocks.blockCount(129)).isEqualTo(2);
  }

  @Test
  void encodeSigned_isTheSoftsignOfTheShareOfTheScale() {
    encode(Int8Form.SIGNED, 0, block(4f, -4f, 2f, -1f, 0f, -0f, 0.01f, 0.0075f, -0.0075f));
    assertThat(scale(0)).isEqualTo(4f);
    // 254 y / (1 + y): 84.67, 50.8, 0.6335, 0.4753
    assertThat(codes(9)).containsExactly(127, -127, 85, -51, 0, 0, 1, 0, 0);
  }

  @Test
  void encodeUnsigned_isTheRootOfTheShareOfTheScale() {
    encode(Int8Form.UNSIGNED, 0, block(4f, 1f, -1f, 0.04f, 0f, -0f, 1e-38f, 1.4e-45f, 1e-4f));
    assertThat(scale(0)).isEqualTo(4f);
    assertThat(codes(9)).containsExactly(255, 128, 128, 26, 0, 0, 1, 1, 1);
  }

  @ParameterizedTest
  @EnumSource
  void decode_givesTheLargestBackExactly(Int8Form form) {
    for (float largest : new float[] {1, 0.3f, 2e-38f, Float.MIN_NORMAL, Float.MAX_VALUE, 7e-9f}) {
      for (long key = 0; key < 50; key++) {
        assertThat(thereAndBack(form, key, block(largest, largest / 3))[0]).isEqualTo(largest);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void zeroAndSubnormalBlocks_becomeZero(Int8Form form) {
    for (float largest : new float[] {0, -0f, 1.4e-45f, Math.nextDown(Float.MIN_NORMAL)}) {
      float[] back = thereAndBack(form, 1, block(0, largest, -largest));
      assertThat(scale(0)).isEqualTo(0);
      assertThat(codes(BLOCK)).containsOnly(0);
      assertThat(back).containsOnly(0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void blocksThatAreNotFinite_becomeNaN_othersStay(Int8Form form) {
    float negativeNaN = Float.intBitsToFloat(0xffc0_0000);
    for (float bad :
        new float[] {Float.NaN, negativeNaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] values = Arrays.copyOf(block(1, 1, 1), 2 * BLOCK + 5);
      values[BLOCK + 17] = bad;
      values[2 * BLOCK] = 3;
      float[] back = thereAndBack(form, 1, values);
      for (int i = 0; i < values.length; i++) {
        boolean isNaN = i / BLOCK == 1;
        assertThat(Float.floatToIntBits(back[i]))
            .isEqualTo(isNaN ? 0x7fc0_0000 : Float.floatToIntBits(values[i]));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SIGNED", "UNSIGNED"})
  void encode_ofWhatWasDecoded_givesTheSameCodes(Int8Form form) {
    boolean signed = form == Int8Form.SIGNED;
    int count = 2 * BLOCK;
    MemorySegment all = arena.allocate(count);
    MemorySegment floats = arena.allocate(4L * count, 64);
    for (float scale : new float[] {1, 0.3f, 2e-38f, 3e38f, 1.7e-5f}) {
      for (int i = 0; i < count; i++) {
        // All codes; the two blocks have the largest one each.
        int code = signed ? Math.max(i % BLOCK - 127 * (i / BLOCK), -127) : i == 0 ? 255 : i;
        all.set(JAVA_BYTE, i, (byte) code);
      }
      reserve(count);
      scales.set(JAVA_FLOAT_UNALIGNED, 0, scale);
      scales.set(JAVA_FLOAT_UNALIGNED, 4, scale);
      form.decode(all, scales, 0, floats, 0, count);
      form.encode(floats, 0, codes, scales, 0, count, 0);
      assertThat(codes.mismatch(all)).isEqualTo(-1);
      assertThat(scale(0)).isEqualTo(scale);
      assertThat(scale(1)).isEqualTo(scale);
    }
  }

  @Test
  void encodeSigned_ofNormalNumbers_isOffByLittleOverHalfAPerCentOfSigma() {
    float[] values = normal(1 << 16);
    float[] back = thereAndBack(Int8Form.SIGNED, 0, values);
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += Math.pow(back[i] - values[i], 2);
    }
    assertThat(Math.sqrt(sum / values.length)).isBetween(0.004, 0.007);
  }

  @Test
  void encodeUnsigned_ofLogNormalNumbers_isOffByTwoPerCentOfTheRoot() {
    float[] values = normal(1 << 16);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.exp(1.5 * values[i]);
    }
    float[] back = thereAndBack(Int8Form.UNSIGNED, 0, values);
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += Math.pow(Math.sqrt(back[i] / values[i]) - 1, 2);
    }
    assertThat(Math.sqrt(sum / values.length)).isBetween(0.008, 0.025);
  }

  @ParameterizedTest
  @ValueSource(floats = {0.9999f, 0.71f, 0.3003f, 0.05f, 0.0101f, 1e-3f, 3e-5f})
  void stochastic_hasTheValueAsMean(float share) {
    int count = 1 << 17;
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i % BLOCK == i / BLOCK % BLOCK ? 2 : i % 2 == 0 ? 2 * share : -2 * share;
    }
    for (var form : new Int8Form[] {Int8Form.SIGNED_STOCHASTIC, Int8Form.UNSIGNED_STOCHASTIC}) {
      boolean signed = form == Int8Form.SIGNED_STOCHASTIC;
      float[] back = thereAndBack(form, 99, values);
      double sum = 0;
      double squares = 0;
      int elements = 0;
      for (int i = 0; i < count; i++) {
        if (values[i] != 2) {
          double error = (signed ? back[i] * Math.signum(values[i]) : back[i]) - 2 * share;
          sum += error;
          squares += error * error;
          elements++;
        }
      }
      double sigma = Math.sqrt(squares) / elements;
      assertThat(sum / elements).isCloseTo(0, within(4 * sigma + 2e-7));
      assertThat(Math.sqrt(squares / elements)).isLessThan(signed ? 0.02 : 0.01);
    }
  }

  private static float[] normal(int count) {
    var random = new Random(8);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** A block that begins with these values; the others are 0. */
  private static float[] block(float... values) {
    return Arrays.copyOf(values, BLOCK);
  }

  private void encode(Int8Form form, long key, float[] values) {
    reserve(values.length);
    MemorySegment from = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, values);
    form.encode(from, 0, codes, scales, 0, values.length, key);
  }

  private float[] thereAndBack(Int8Form form, long key, float[] values) {
    encode(form, key, values);
    MemorySegment to = arena.allocate(4L * values.length, 64);
    form.decode(codes, scales, 0, to, 0, values.length);
    return to.toArray(JAVA_FLOAT_UNALIGNED);
  }

  private void reserve(int count) {
    codes = arena.allocate(count, 64);
    scales = arena.allocate(4 * Int8Blocks.blockCount(count), 64);
  }

  private float scale(int block) {
    return scales.get(JAVA_FLOAT_UNALIGNED, 4L * block);
  }

  /** The first codes, unsigned if the largest is that of unsigned codes. */
  private int[] codes(int count) {
    boolean unsigned = codes.get(JAVA_BYTE, 0) == -1;
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      byte code = codes.get(JAVA_BYTE, i);
      values[i] = unsigned ? Byte.toUnsignedInt(code) : code;
    }
    return values;
  }
}
