package io.spam4j.engine.internal.state;

import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.MomentCodes;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.SequencedMap;

/** Moments that are codes of 8 bits, in blocks that share a grid. */
final class Int8Moments extends StoredMoments {
  static final Format FORMAT = new Format(DType.I8, DType.U8, MomentCodes.BLOCK, Int8Moments::new);

  private final RoundingKey key;
  private final MemorySegment grids;

  private Int8Moments(RoundingKey key, SequencedMap<String, Tensor> state) {
    super(state);
    this.key = key;
    grids = Objects.requireNonNull(state.get(StateNames.GRID)).memory();
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
    MomentCodes.decode(first, second, grids, from, toFirst, toSecond, 0, count);
  }

  @Override
  public void store(MemorySegment ofFirst, MemorySegment ofSecond, long from, long count, long t) {
    long block = from / MomentCodes.BLOCK;
    MomentCodes.encode(ofFirst, ofSecond, 0, first, second, grids, block, count, key.at(t));
  }

  /** A block with a NaN has one of its own: the scale, with codes that are 0. */
  @Override
  public void quiet(long from, long to) {}

  @Override
  public void describe(Operands o) {
    super.describe(o);
    o.grids = grids;
  }

  @Override
  public void zero(long from, long to) {
    super.zero(from, to);
    zeroFloats(grids, from / MomentCodes.BLOCK, MomentCodes.blockCount(to));
  }
}
