package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.pack.Selected;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Selected weights and their gradients, gathered: one block of the mask, or up to {@value #MOST}
 * where they can be packed by its bits. What {@link SelectedForm} gathers and puts back; one a
 * participant, reused.
 */
final class SelectedBlock {
  /*
   * The gradient, the moments and the weights are read one after the other. Each time the processor
   * needs a while until it fetches ahead; so the stretches are long, though they leave the cache.
   */
  private static final int MOST = 16;

  private static final long NO_BLOCK = -1;

  /** Elements that a buffer for gathered gradients has room for. */
  static final int ROOM = MOST * IndexMask.BLOCK + Selected.SLACK_BYTES / Float.BYTES;

  /** Of the buffer for weights; the one for gradients must not lie a multiple of 4096 apart. */
  static final long WEIGHT_BYTES = (long) ROOM * Float.BYTES + StagedBlock.APART;

  /** From float 0 on; where they take changes they were not gathered. */
  final MemorySegment weights;

  /** From float 0 on. */
  MemorySegment gradient = MemorySegment.NULL;

  /** How many weights there are. */
  int count;

  /** Whether they are packed by the bits of the mask. */
  boolean isPacked;

  /** Whether what is to be added to weights takes their place. */
  boolean takesChanges;

  private final long[] positions = new long[IndexMask.BLOCK];
  private long firstBlock;
  private long endBlock;
  private long decodedBlock; // of which the positions are known

  SelectedBlock(Arena arena) {
    weights = arena.allocate(WEIGHT_BYTES, 4096).asSlice(StagedBlock.APART);
  }

  /**
   * Begins to stand for other weights, without any yet.
   *
   * @param from the first selected weight, which begins a block, counted among the selected ones
   * @param to the end of those that may be gathered
   */
  void begin(long from, long to, boolean packs, boolean changes) {
    isPacked = packs;
    takesChanges = changes;
    long blocks = (to - from + IndexMask.BLOCK - 1) / IndexMask.BLOCK;
    firstBlock = from / IndexMask.BLOCK;
    endBlock = firstBlock + (packs ? Math.min(MOST, blocks) : 1);
    decodedBlock = NO_BLOCK;
  }

  /** The first weight, counted among the selected ones. */
  long first() {
    return firstBlock * IndexMask.BLOCK;
  }

  /** Where the blocks start in the tensor. */
  long start(IndexMask mask) {
    return mask.start(firstBlock);
  }

  /** Where they end, or, if the last is among them, the bits of the selection. */
  long end(IndexMask mask) {
    long bits = Math.min(mask.elements(), mask.data().byteSize() * Byte.SIZE);
    return Math.min(mask.start(endBlock), bits);
  }

  /** Counts the weights of its only block, and gives their positions. */
  long[] decode(IndexMask mask) {
    count = mask.decode(firstBlock, positions);
    decodedBlock = firstBlock;
    return positions;
  }

  /** The positions of the weights, once {@link #decode} has found them. */
  long[] positions() {
    return positions;
  }

  /** Where in its tensor the weight {@code i} lies. */
  long position(IndexMask mask, long i) {
    long block = firstBlock + i / IndexMask.BLOCK;
    if (block != decodedBlock) {
      int _ = mask.decode(block, positions);
      decodedBlock = block;
    }
    return positions[(int) (i % IndexMask.BLOCK)];
  }
}
