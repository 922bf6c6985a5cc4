package io.spam4j.tensors.simd;

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
          Int8Blocks.encodeSignedStochastic(
              from, fromElement, codes, scales, firstBlock, count, key);
      case UNSIGNED ->
          Int8Blocks.encodeUnsigned(from, fromElement, codes, scales, firstBlock, count);
      case UNSIGNED_STOCHASTIC ->
          Int8Blocks.encodeUnsignedStochastic(
              from, fromElement, codes, scales, firstBlock, count, key);
    }
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
