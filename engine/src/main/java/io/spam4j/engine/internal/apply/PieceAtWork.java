package io.spam4j.engine.internal.apply;

import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.state.StoredWeights;
import io.spam4j.engine.internal.step.Staging;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.RoundingBits;
import java.lang.foreign.MemorySegment;

/** The piece of a tensor that a participant works on, and what it works with; one each, reused. */
final class PieceAtWork {
  private static final Tensor NONE = Tensor.of(new float[0], 0);

  final int participant;
  final Operands operands = new Operands();
  private final Staging staging;

  // Step t of the moments [from, to) and of their weights.
  Tensor gradient = NONE; // of the whole tensor
  long from;
  long to;
  long t;
  UpdateTally tally = new UpdateTally();

  // The element that is number 0 of what the operands say.
  long weightsFrom;
  long gradientFrom;
  long momentsFrom;

  PieceAtWork(Staging staging, int participant) {
    this.staging = staging;
    this.participant = participant;
  }

  void set(Tensor gradient, long from, long to, long t, UpdateTally tally) {
    this.gradient = gradient;
    this.from = from;
    this.to = to;
    this.t = t;
    this.tally = tally;
  }

  /** Room for float32 copies. */
  StagedBlock block() {
    return staging.of(participant);
  }

  /** Makes all streams operands as they lie, for elements from {@code start} on. */
  void takeAll(FusedTensor tensor, long start) {
    tensor.weights.describe(operands);
    tensor.moments.describe(operands);
    operands.gradient = gradient.memory();
    operands.weightShift = 0;
    operands.gradientShift = 0;
    operands.mixedKey = RoundingBits.mixedKey(tensor.key.at(t), start);
  }

  /** Makes the gradient of {@code [start, end)} an operand, in a copy if it has to be one. */
  void loadGradient(long start, long end) {
    if (Staging.isStaged(gradient)) {
      MemorySegment copy = block().gradient();
      Float32Copy.copy(gradient, start, end - start, copy);
      setGradient(copy, start);
    } else {
      setGradient(gradient.memory(), 0);
    }
  }

  /** Makes memory an operand of which float 0 is the gradient of element {@code first}. */
  void setGradient(MemorySegment memory, long first) {
    operands.gradient = memory;
    gradientFrom = first;
  }

  /** Makes the weights {@code [start, end)} an operand, in a copy if it has to be one. */
  void loadWeights(StoredWeights weights, long start, long end) {
    if (weights.isStaged()) {
      MemorySegment copy = block().weights();
      weights.load(start, end - start, copy);
      setWeights(copy, start);
    } else {
      setWeights(weights.memory(), 0);
    }
  }

  /** Makes memory an operand of which float 0 is the weight of element {@code first}. */
  void setWeights(MemorySegment memory, long first) {
    operands.weights = memory;
    weightsFrom = first;
  }

  /** Puts back what {@link #loadWeights} copied. */
  void storeWeights(StoredWeights weights, long start, long end) {
    if (weights.isStaged()) {
      weights.store(operands.weights, start, end - start, t);
    }
  }

  /** Makes moments operands of which number 0 is element {@code first}. */
  void setMoments(MemorySegment ofFirst, MemorySegment ofSecond, long first) {
    operands.firstMoment = ofFirst;
    operands.secondMoment = ofSecond;
    momentsFrom = first;
  }
}
