package io.spam4j.tensors.internal.simd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The four 8-bit encodings with their inverses. */
enum Int8Form {
  SIGNED,
  SIGNED_STOCHASTIC,
  UNSIGNED,
  UNSIGNED_STOCHASTIC;

  void encode(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count,
      long key) {
    switch (this) {
      case SIGNED -> Int8Blocks.encodeSigned(from, fromElement, codes, scales, firstBlock, count);
      case SIGNED_STOCHASTIC ->
          Int8Blocks.encodeMoments(
              from,
              from,
              fromElement,
              codes,
              scales,
              beside(codes),
              beside(scales),
              firstBlock,
              count,
              key);
      case UNSIGNED ->
          Int8Blocks.encodeUnsigned(from, fromElement, codes, scales, firstBlock, count);
      case UNSIGNED_STOCHASTIC ->
          Int8Blocks.encodeMoments(
              from,
              from,
              fromElement,
              beside(codes),
              beside(scales),
              codes,
              scales,
              firstBlock,
              count,
              key);
    }
  }

  /** Room for the other moment, of the same kind. */
  private static MemorySegment beside(MemorySegment memory) {
    return memory.isNative()
        ? Arena.ofAuto().allocate(memory.byteSize(), 64)
        : MemorySegment.ofArray(new byte[(int) memory.byteSize()]);
  }

  void decode(
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      MemorySegment to,
      long toElement,
      long count) {
    switch (this) {
      case SIGNED, SIGNED_STOCHASTIC ->
          Int8Blocks.decodeSigned(codes, scales, firstBlock, to, toElement, count);
      case UNSIGNED, UNSIGNED_STOCHASTIC ->
          Int8Blocks.decodeUnsigned(codes, scales, firstBlock, to, toElement, count);
    }
  }
}
