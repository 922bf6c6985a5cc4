package io.spam4j.engine.internal.state;

import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Int8Blocks;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.SequencedMap;

/** Moments that are codes of 8 bits, in blocks that share a scale. */
final class Int8Moments extends StoredMoments {
  static final Format FORMAT = new Format(DType.I8, DType.U8, Int8Blocks.BLOCK, Int8Moments::new);

  private final RoundingKey key;
  private final MemorySegment firstScale;
  private final MemorySegment secondScale;

  private Int8Moments(RoundingKey key, SequencedMap<String, Tensor> state) {
    super(state);
    this.key = key;
    firstScale = Objects.requireNonNull(state.get(StateNames.FIRST_SCALE)).memory();
    secondScale = Objects.requireNonNull(state.get(StateNames.SECOND_SCALE)).memory();
  }

  @Override
  public boolean isStaged() {
    return true;
  }

  @Override
  public boolean isCodes() {
    return true;
  }

  @Override
  public void load(long from, long count, MemorySegment toFirst, MemorySegment toSecond) {
    long block = from / Int8Blocks.BLOCK;
    Int8Blocks.decodeSigned(first, firstScale, block, toFirst, 0, count);
    Int8Blocks.decodeUnsigned(second, secondScale, block, toSecond, 0, count);
  }

  @Override
  public void loadPart(
      long from, long count, MemorySegment toFirst, MemorySegment toSecond, long at) {
    Int8Blocks.decodeSignedPart(first, firstScale, from, toFirst, at, count);
    Int8Blocks.decodeUnsignedPart(second, secondScale, from, toSecond, at, count);
  }

  @Override
  public void store(MemorySegment ofFirst, MemorySegment ofSecond, long from, long count, long t) {
    Int8Blocks.encodeMoments(
        ofFirst,
        ofSecond,
        0,
        first,
        firstScale,
        second,
        secondScale,
        from / Int8Blocks.BLOCK,
        count,
        key.at(t));
  }

  /** A block with a NaN has one of its own: the scale, with codes that are 0. */
  @Override
  public void quiet(long from, long to) {}

  @Override
  public void describe(Operands o) {
    super.describe(o);
    o.firstScales = firstScale;
    o.secondScales = secondScale;
  }

  @Override
  public void zero(long from, long to) {
    super.zero(from, to);
    long firstBlock = from / Int8Blocks.BLOCK;
    long endBlock = Int8Blocks.blockCount(to);
    zeroFloats(firstScale, firstBlock, endBlock);
    zeroFloats(secondScale, firstBlock, endBlock);
  }
}
