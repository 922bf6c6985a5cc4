package io.spam4j.engine.internal.baseline;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.math.Correction;
import io.spam4j.engine.internal.measure.PartialSum;
import io.spam4j.engine.internal.measure.PartialSums;
import io.spam4j.engine.internal.work.WorkPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The second moments of one tensor of Adam-mini, one a block, and what they decide. */
final class BlockMoments {
  private final MemorySegment second;
  private final Hyperparameters h;
  private final long blocks;
  private final long length; // of each block
  private final long parts; // of each block
  private final PartialSums partSums; // empty if blocks are short
  private final PartialSum total = new PartialSum();

  // Of the step at work.
  private double correctedRate;
  private double correction2;

  BlockMoments(Arena arena, MemorySegment second, long elements, Hyperparameters h) {
    this.second = second;
    this.h = h;
    blocks = second.byteSize() / Float.BYTES;
    length = elements / blocks;
    parts = parts(length);
    partSums = new PartialSums(arena, partSums(blocks, length));
  }

  private static long parts(long length) {
    return (length + WorkPlan.UNIT - 1) / WorkPlan.UNIT;
  }

  private static long partSums(long blocks, long length) {
    return parts(length) > 1 ? blocks * parts(length) : 0;
  }

  /** The bytes of working memory of so many blocks. */
  static long scratchBytes(long blocks, long length) {
    return PartialSums.bytes(partSums(blocks, length));
  }

  /** Whether a block is more than a run. */
  boolean isLong() {
    return parts > 1;
  }

  /** The number of parts of all blocks; a part of a short block is the block. */
  long parts() {
    return blocks * parts;
  }

  /** The most elements of a part. */
  long partLength() {
    return Math.min(length, WorkPlan.UNIT);
  }

  long from(long part) {
    return part / parts * length + part % parts * WorkPlan.UNIT;
  }

  long to(long part) {
    return Math.min(from(part) + WorkPlan.UNIT, (part / parts + 1) * length);
  }

  /** Decides what all blocks share. */
  void decide(double learningRate, long updates) {
    correctedRate = learningRate / Correction.of(h.beta1(), updates);
    correction2 = Correction.of(h.beta2(), updates);
  }

  /** Keeps the sum of squares of a part of a long block. */
  void keep(long part, PartialSum squares) {
    partSums.set(part, squares.sum, squares.count);
  }

  /** Advances all blocks, which are long, by the sums of their parts. */
  void advance() {
    for (long block = 0; block < blocks; block++) {
      partSums.total(block * parts, parts, 1, total);
      advance(block, total);
    }
  }

  /** v = beta2 v + (1 - beta2) mean(g^2); a block without gradients keeps its own. */
  void advance(long block, PartialSum squares) {
    if (squares.count > 0) {
      double old = second.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
      double mean = squares.sum / squares.count;
      float next = QuietNaN.of(h.beta2() * old + (1 - h.beta2()) * mean);
      second.set(JAVA_FLOAT_UNALIGNED, block * Float.BYTES, next < Float.MIN_NORMAL ? 0 : next);
    }
  }

  /** lr / (1 - beta1^k) / (sqrt(v / (1 - beta2^k)) + eps), of the block that a part belongs to. */
  float stepSize(long part) {
    double v = second.get(JAVA_FLOAT_UNALIGNED, part / parts * Float.BYTES);
    double denominator = Math.sqrt(v / correction2) + h.epsilon();
    // 0 only where eps = 0 and v = 0: no history, no step.
    return denominator == 0 ? 0 : (float) Math.min(correctedRate / denominator, Float.MAX_VALUE);
  }
}
