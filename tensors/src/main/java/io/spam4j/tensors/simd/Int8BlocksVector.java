package io.spam4j.tensors.simd;

import static io.spam4j.tensors.simd.Int8BlocksScalar.DITHER_BITS;
import static io.spam4j.tensors.simd.Int8BlocksScalar.DITHER_ONE;
import static io.spam4j.tensors.simd.Int8BlocksScalar.MAGNITUDE;
import static io.spam4j.tensors.simd.Int8BlocksScalar.ROUNDER;
import static io.spam4j.tensors.simd.Int8BlocksScalar.ROUNDER_BITS;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

import io.spam4j.tensors.simd.RoundingBits.Draw;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link Int8BlocksScalar}, for a full block; the same bits at every width. */
final class Int8BlocksVector {
  /*
   * Bound by one division (signed) or square root (unsigned) a vector to encode and one division to
   * decode signed codes; about 8 other instructions, 20 with random rounding, run beside it. Rounding
   * adds a large constant, as conversion to int costs more: it must handle what cannot occur here.
   * Four lanes of 128 bits have codes of 32 bits, which no vector has: they pass through an int.
   */
  private static final VectorSpecies<Float> F = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = F.withLanes(int.class);

  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, VectorMode.BITS / 4)));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfInt FOUR_CODES = JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final int LENGTH = F.length();

  /** Whether a vector of codes is narrower than any vector. */
  private static final boolean FOURS = LENGTH == 4;

  /** For each of four lanes, what moves its code to the top. */
  private static final IntVector TO_TOP =
      IntVector.broadcast(I, 24).sub(IntVector.zero(I).addIndex(8));

  private Int8BlocksVector() {}

  static int largestBits(MemorySegment from, long fromElement) {
    IntVector largest = IntVector.zero(I);
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      largest = largest.max(bits(from, fromElement + i).and(MAGNITUDE));
    }
    return largest.reduceLanes(MAX);
  }

  static void encodeSigned(
      MemorySegment from, long fromElement, MemorySegment codes, long block, float scale) {
    float inverse = 1 / scale;
    long at = block * Int8Blocks.BLOCK;
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      FloatVector y = bits(from, fromElement + i).reinterpretAsFloats().mul(inverse);
      FloatVector code = y.mul(254).div(y.lanewise(ABS).add(1));
      store(code.add(ROUNDER).reinterpretAsInts(), codes, at + i);
    }
  }

  static void encodeSignedStochastic(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      long block,
      float scale,
      long mixedKey) {
    float inverse = 1 / scale;
    long at = block * Int8Blocks.BLOCK;
    int start = RoundingBits.start(mixedKey, at);
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      IntVector draws = RoundingBitsVector.draws(Draw.FIRST, start);
      FloatVector dither =
          draws.and(DITHER_BITS).lanewise(LSHL, 7).or(DITHER_ONE).reinterpretAsFloats().sub(1.5f);
      FloatVector y = bits(from, fromElement + i).reinterpretAsFloats().mul(inverse);
      FloatVector code = y.mul(254).div(y.lanewise(ABS).add(1)).add(dither);
      ByteVector bytes = (ByteVector) code.add(ROUNDER).reinterpretAsInts().convertShape(I2B, B, 0);
      if (FOURS) {
        codes.set(FOUR_CODES, at + i, bytes.reinterpretAsInts().lane(0));
      } else {
        bytes.intoMemorySegment(codes, at + i, ORDER);
      }
      start += RoundingBitsVector.STEP;
    }
  }

  static void encodeUnsigned(
      MemorySegment from, long fromElement, MemorySegment codes, long block, float scale) {
    float inverse = 1 / scale;
    long at = block * Int8Blocks.BLOCK;
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      IntVector magnitude = bits(from, fromElement + i).and(MAGNITUDE);
      FloatVector y = magnitude.reinterpretAsFloats().mul(inverse);
      FloatVector code = y.lanewise(SQRT).mul(255);
      IntVector rounded = code.add(ROUNDER).reinterpretAsInts().sub(ROUNDER_BITS);
      store(rounded.max(magnitude.min(1)), codes, at + i);
    }
  }

  static void encodeUnsignedStochastic(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      long block,
      float scale,
      long mixedKey) {
    float inverse = 1 / scale;
    long at = block * Int8Blocks.BLOCK;
    int start = RoundingBits.start(mixedKey, at);
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      IntVector draws = RoundingBitsVector.draws(Draw.SECOND, start);
      FloatVector d =
          draws.and(DITHER_BITS).lanewise(LSHL, 7).or(DITHER_ONE).reinterpretAsFloats().sub(1.5f);
      IntVector magnitude = bits(from, fromElement + i).and(MAGNITUDE);
      FloatVector square = magnitude.reinterpretAsFloats().mul(inverse).mul(65025);
      FloatVector code = square.add(d.mul(d).sub(0.25f)).max(0).lanewise(SQRT).sub(d);
      IntVector rounded = code.add(ROUNDER).reinterpretAsInts().sub(ROUNDER_BITS);
      store(rounded.max(magnitude.min(1)), codes, at + i);
      start += RoundingBitsVector.STEP;
    }
  }

  static void decodeSigned(
      MemorySegment codes, long block, float scale, MemorySegment to, long toElement) {
    long at = block * Int8Blocks.BLOCK;
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      FloatVector code = (FloatVector) load(codes, at + i).convertShape(I2F, F, 0);
      FloatVector rest = FloatVector.broadcast(F, 254).sub(code.lanewise(ABS));
      code.div(rest).mul(scale).intoMemorySegment(to, (toElement + i) * Float.BYTES, ORDER);
    }
  }

  static void decodeUnsigned(
      MemorySegment codes, long block, float scale, MemorySegment to, long toElement) {
    long at = block * Int8Blocks.BLOCK;
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      FloatVector code = (FloatVector) loadUnsigned(codes, at + i).convertShape(I2F, F, 0);
      FloatVector root = code.mul(1 / 255f);
      root.mul(root).mul(scale).intoMemorySegment(to, (toElement + i) * Float.BYTES, ORDER);
    }
  }

  private static IntVector bits(MemorySegment from, long element) {
    return IntVector.fromMemorySegment(I, from, element * Float.BYTES, ORDER);
  }

  /** Codes with their sign. */
  private static IntVector load(MemorySegment codes, long at) {
    if (FOURS) {
      return IntVector.broadcast(I, codes.get(FOUR_CODES, at))
          .lanewise(LSHL, TO_TOP)
          .lanewise(ASHR, 24);
    }
    return (IntVector) ByteVector.fromMemorySegment(B, codes, at, ORDER).convertShape(B2I, I, 0);
  }

  private static IntVector loadUnsigned(MemorySegment codes, long at) {
    if (FOURS) {
      return load(codes, at).and(255);
    }
    ByteVector bytes = ByteVector.fromMemorySegment(B, codes, at, ORDER);
    return (IntVector) bytes.convertShape(ZERO_EXTEND_B2I, I, 0);
  }

  /** Stores the low bytes. */
  private static void store(IntVector values, MemorySegment codes, long at) {
    ByteVector bytes = (ByteVector) values.convertShape(I2B, B, 0);
    if (FOURS) {
      codes.set(FOUR_CODES, at, bytes.reinterpretAsInts().lane(0));
    } else {
      bytes.intoMemorySegment(codes, at, ORDER);
    }
  }
}
