package io.spam4j.tensors.mask;

import it.unimi.dsi.fastutil.longs.LongIterator;
import java.util.NoSuchElementException;

/** The positions of a mask in ascending order, decoded block by block. */
final class MaskPositions implements LongIterator {
  private final IndexMask mask;
  private final long[] positions;
  private long nextBlock;
  private int size;
  private int at;

  MaskPositions(IndexMask mask) {
    this.mask = mask;
    positions = new long[(int) Math.min(IndexMask.BLOCK, mask.count())];
  }

  @Override
  public boolean hasNext() {
    return at < size || nextBlock < mask.blocks();
  }

  @Override
  public long nextLong() {
    if (at == size) {
      if (nextBlock == mask.blocks()) {
        throw new NoSuchElementException("all positions were given: count=" + mask.count());
      }
      size = mask.decode(nextBlock, positions);
      nextBlock++;
      at = 0;
    }
    return positions[at++];
  }
}
