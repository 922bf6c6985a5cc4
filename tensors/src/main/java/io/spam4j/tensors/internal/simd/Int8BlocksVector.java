package io.spam4j.tensors.internal.simd;

import static io.spam4j.tensors.internal.simd.Int8BlocksScalar.DITHER_BITS;
import static io.spam4j.tensors.internal.simd.Int8BlocksScalar.DITHER_ONE;
import static io.spam4j.tensors.internal.simd.Int8BlocksScalar.MAGNITUDE;
import static io.spam4j.tensors.internal.simd.Int8BlocksScalar.ROUNDER;
import static io.spam4j.tensors.internal.simd.Int8BlocksScalar.ROUNDER_BITS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.XOR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

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

  /** All bits of every other lane. */
  private static final IntVector ODD = IntVector.zero(I).sub(IntVector.zero(I).addIndex(1).and(1));

  private Int8BlocksVector() {}

  static int largestBits(MemorySegment from, long fromElement) {
    if (!from.isNative()) {
      throw VectorMode.notNative();
    }
    IntVector largest = IntVector.zero(I);
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      largest = largest.max(bits(from, fromElement + i).and(MAGNITUDE));
    }
    return largest.reduceLanes(MAX);
  }

  static void encodeSigned(
      MemorySegment from, long fromElement, MemorySegment codes, long block, float scale) {
    if (!(from.isNative() && codes.isNative())) {
      throw VectorMode.notNative();
    }
    float inverse = 1 / scale;
    long at = block * Int8Blocks.BLOCK;
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      FloatVector y = bits(from, fromElement + i).reinterpretAsFloats().mul(inverse);
      FloatVector code = y.mul(254).div(y.lanewise(ABS).add(1));
      store(code.add(ROUNDER).reinterpretAsInts(), codes, at + i);
    }
  }

  static void encodeUnsigned(
      MemorySegment from, long fromElement, MemorySegment codes, long block, float scale) {
    if (!(from.isNative() && codes.isNative())) {
      throw VectorMode.notNative();
    }
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

  /**
   * Both moments of blocks at random: signed codes of the first, unsigned ones of the second. Stops
   * before a block of which a scale is not positive.
   *
   * @param start of the random bits at the first block
   * @return the first block that was not encoded
   */
  static long encodeMoments(
      MemorySegment first,
      MemorySegment second,
      long fromElement,
      MemorySegment firstCodes,
      MemorySegment firstScales,
      MemorySegment secondCodes,
      MemorySegment secondScales,
      long firstBlock,
      long endBlock,
      int start) {
    if (!(first.isNative()
        && second.isNative()
        && firstCodes.isNative()
        && firstScales.isNative()
        && secondCodes.isNative()
        && secondScales.isNative())) {
      throw VectorMode.notNative();
    }
    IntVector multiplier = IntVector.broadcast(I, RoundingBits.MULTIPLIER);
    IntVector lowBits = IntVector.broadcast(I, DITHER_BITS);
    IntVector highBits = IntVector.broadcast(I, DITHER_BITS << 7);
    IntVector one = IntVector.broadcast(I, DITHER_ONE);
    FloatVector oneAndHalf = FloatVector.broadcast(F, 1.5f);
    FloatVector rounder = FloatVector.broadcast(F, ROUNDER);
    int word = start;
    for (long block = firstBlock; block < endBlock; block++) {
      float firstScale = firstScales.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
      float secondScale = secondScales.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
      if (!(firstScale > 0 && secondScale > 0)) {
        return block;
      }
      FloatVector firstInverse = FloatVector.broadcast(F, 1 / firstScale);
      FloatVector secondInverse = FloatVector.broadcast(F, 1 / secondScale);
      long codesAt = block * Int8Blocks.BLOCK;
      long floatsAt = (fromElement + (block - firstBlock) * Int8Blocks.BLOCK) * Float.BYTES;
      for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
        IntVector bits = RoundingBitsVector.WORDS.add(word);
        bits = bits.lanewise(XOR, bits.lanewise(LSHR, 16)).mul(multiplier);
        bits = bits.lanewise(XOR, bits.lanewise(LSHR, 15)).lanewise(XOR, ODD);
        FloatVector firstDither =
            bits.lanewise(LSHR, 9).and(highBits).or(one).reinterpretAsFloats().sub(oneAndHalf);
        FloatVector d =
            bits.and(lowBits).lanewise(LSHL, 7).or(one).reinterpretAsFloats().sub(oneAndHalf);
        FloatVector y =
            FloatVector.fromMemorySegment(F, first, floatsAt + i * 4L, ORDER).mul(firstInverse);
        IntVector signed =
            y.mul(254)
                .div(y.lanewise(ABS).add(1))
                .add(firstDither)
                .add(rounder)
                .reinterpretAsInts();
        IntVector magnitude =
            IntVector.fromMemorySegment(I, second, floatsAt + i * 4L, ORDER).and(MAGNITUDE);
        FloatVector square = magnitude.reinterpretAsFloats().mul(secondInverse).mul(65025);
        IntVector shifted = square.add(d.mul(d).sub(0.25f)).reinterpretAsInts();
        FloatVector code = shifted.max(0).reinterpretAsFloats().lanewise(SQRT).sub(d); // or 0
        IntVector unsigned =
            code.add(rounder).reinterpretAsInts().sub(ROUNDER_BITS).max(magnitude.min(1));
        ByteVector firstBytes = (ByteVector) signed.convertShape(I2B, B, 0);
        ByteVector secondBytes = (ByteVector) unsigned.convertShape(I2B, B, 0);
        if (FOURS) {
          firstCodes.set(FOUR_CODES, codesAt + i, firstBytes.reinterpretAsInts().lane(0));
          secondCodes.set(FOUR_CODES, codesAt + i, secondBytes.reinterpretAsInts().lane(0));
        } else {
          firstBytes.intoMemorySegment(firstCodes, codesAt + i, ORDER);
          secondBytes.intoMemorySegment(secondCodes, codesAt + i, ORDER);
        }
        word += RoundingBitsVector.STEP;
      }
    }
    return endBlock;
  }

  static void decodeSigned(
      MemorySegment codes, long block, float scale, MemorySegment to, long toElement) {
    if (!(codes.isNative() && to.isNative())) {
      throw VectorMode.notNative();
    }
    long at = block * Int8Blocks.BLOCK;
    for (int i = 0; i < Int8Blocks.BLOCK; i += LENGTH) {
      FloatVector code = (FloatVector) load(codes, at + i).convertShape(I2F, F, 0);
      FloatVector rest = FloatVector.broadcast(F, 254).sub(code.lanewise(ABS));
      code.div(rest).mul(scale).intoMemorySegment(to, (toElement + i) * Float.BYTES, ORDER);
    }
  }

  static void decodeUnsigned(
      MemorySegment codes, long block, float scale, MemorySegment to, long toElement) {
    if (!(codes.isNative() && to.isNative())) {
      throw VectorMode.notNative();
    }
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
