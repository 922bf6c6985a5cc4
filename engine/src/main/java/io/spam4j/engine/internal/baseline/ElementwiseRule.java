package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.RoundingKey;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.state.StoredWeights;
import io.spam4j.engine.internal.step.MemoryOutline;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.step.Staging;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.RoundingBits;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An optimizer that changes each weight by its own gradient and at most one number of state: one
 * pass. A vector loop works on streams as they lie, outside the heap; what it leaves, and what lies
 * on the heap, is worked on in float32 copies that stay in cache.
 *
 * @param <C> the coefficients of a tensor
 */
abstract class ElementwiseRule<C> extends PlainRule {
  private static final Tensor NONE = Tensor.of(new float[0], 0);

  private final ElementwiseLoops<C> loops;
  private final Staging staging;
  private final StoredWeights[] weights;
  private final @Nullable Weights[] forms; // of the weights; null on the heap
  private final RoundingKey[] keys;
  private final MemorySegment[] state; // empty if there is none
  private final Piece[] pieces; // of each participant
  private final boolean hasState;
  private final PlannedJob<StepState> job;

  /**
   * A rule that has decided nothing yet.
   *
   * @param name of the state; null if there is none
   * @param rounding of bfloat16 weights
   * @param seed of rounding at random
   */
  ElementwiseRule(
      RuleParts parts,
      ElementwiseLoops<C> loops,
      @Nullable String name,
      WeightRounding rounding,
      long seed) {
    super(parts);
    this.loops = loops;
    hasState = name != null;
    int count = parts.parameters().size();
    weights = new StoredWeights[count];
    forms = new Weights[count];
    keys = new RoundingKey[count];
    state = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      keys[i] = new RoundingKey(seed, parts.parameters().get(i).name());
      Tensor low = state(i).get(StateNames.LOW);
      weights[i] = new StoredWeights(parts.parameters().get(i), rounding, keys[i], low);
      forms[i] = weights[i].form();
      state[i] = name == null ? MemorySegment.NULL : memory(i, name);
    }
    pieces = new Piece[parts.threads()];
    Arrays.setAll(pieces, Piece::new);
    staging = new Staging(parts, /* always= */ false);
    job = PlannedJob.joining(WorkPlan.of(parts.elements()), parts.threads(), this::update);
  }

  /** The bytes of working memory that such a rule allocates. */
  public static long scratchBytes(MemoryOutline outline) {
    long staged = outline.weights() == DType.F32 ? 0 : Staging.bytes(outline.threads());
    return copyBytes(outline.transforms(), outline.threads()) + staged;
  }

  /** Decides the numbers of a tensor that has a gradient. */
  abstract void decide(int tensor, StepState step);

  /** What was decided. */
  abstract C coefficients(int tensor);

  @Override
  protected final void prepare(StepState step) {
    staging.prepare(step);
  }

  @Override
  protected final void run(StepState step) {
    for (int i = 0; i < step.tensors(); i++) {
      if (step.has(i)) {
        decide(i, step);
      }
    }
    job.run(step);
  }

  private void update(StepState step, int tensor, long from, long to, int participant) {
    Tensor gradient = step.gradients[tensor];
    if (gradient == null) {
      return;
    }
    Piece piece = pieces[participant];
    piece.tensor = tensor;
    piece.t = step.t();
    piece.tally = parts.counts().of(tensor, participant);
    piece.gradient = gradient;
    piece.isHalf = !copiesGradients() && gradient.dtype() == DType.BF16;
    piece.isStaged = !copiesGradients() && Staging.isStaged(gradient);
    long most = copiesGradients() ? WorkPlan.UNIT : to - from;
    for (long start = from; start < to; start += most) {
      long end = Math.min(to, start + most);
      piece.memory = gradient(step, tensor, start, end, piece.tally, participant);
      piece.shift = shift(start);
      update(piece, start, end);
    }
  }

  /** Updates elements whose gradient is at hand, by the loop for streams as they lie. */
  private void update(Piece piece, long from, long to) {
    Weights form = forms[piece.tensor];
    boolean isFloats = weights[piece.tensor].isFloat32() && !piece.isHalf;
    if (isFloats && (!VectorMode.VECTORS || !needsCopies(piece))) {
      updateFloats(piece, from, to);
      return;
    }
    // NaN that takes part is made the same everywhere in float32.
    if (!VectorMode.VECTORS || form == null || !piece.memory.isNative() || propagates()) {
      updateCopies(piece, from, to);
      return;
    }
    ElementwiseLoop<C> loop = loops.of(form, piece.isHalf, hasState);
    if (loop == null) {
      updateCopies(piece, from, to);
      return;
    }
    C c = coefficients(piece.tensor);
    int length = loop.length();
    long end = to - (to - from) % length;
    long i = from;
    while (i < end) {
      piece.takeAll(this);
      piece.operands.mixedKey = RoundingBits.mixedKey(keys[piece.tensor].at(piece.t), i);
      i = loop.run(piece.operands, i, end, c);
      if (i < end) {
        updateCopies(piece, i, i + length);
        i += length;
      }
    }
    updateCopies(piece, i, to);
  }

  private boolean needsCopies(Piece piece) {
    return piece.isStaged || weights[piece.tensor].isStaged();
  }

  /** Updates elements in float32 copies of what is not float32 outside the heap. */
  private void updateCopies(Piece piece, long from, long to) {
    StoredWeights stored = weights[piece.tensor];
    for (long start = from; start < to; start += StagedBlock.BLOCK) {
      long end = Math.min(to, start + StagedBlock.BLOCK);
      StagedBlock block = staging.of(piece.participant);
      piece.takeAll(this);
      if (stored.isStaged()) {
        stored.load(start, end - start, block.weights());
        piece.operands.weights = block.weights();
        piece.operands.weightShift = -start;
      }
      if (piece.isStaged) {
        Float32Copy.copy(piece.gradient, start, end - start, block.gradient());
        piece.operands.gradient = block.gradient();
        piece.operands.gradientShift = -start;
      }
      applyFloats(piece, start, end);
      if (stored.isStaged()) {
        stored.store(block.weights(), start, end - start, piece.t);
      }
    }
  }

  private void updateFloats(Piece piece, long from, long to) {
    piece.takeAll(this);
    applyFloats(piece, from, to);
  }

  private void applyFloats(Piece piece, long from, long to) {
    C c = coefficients(piece.tensor);
    loops.applyFloats(piece.operands, from, to, hasState, propagates(), c, piece.tally);
  }

  private boolean propagates() {
    return !parts.keepsNonFinite();
  }

  /** What a participant works on; reused. */
  private static final class Piece {
    final int participant;
    final Operands operands = new Operands();
    int tensor;
    long t;
    UpdateTally tally = new UpdateTally();
    Tensor gradient = NONE; // of the whole tensor, as it was given
    MemorySegment memory = MemorySegment.NULL; // of the gradient, after transforms
    long shift; // element i is number i + shift of it
    boolean isHalf; // what the memory holds
    boolean isStaged; // whether float32 copies of it are needed

    Piece(int participant) {
      this.participant = participant;
    }

    /** Makes all streams operands as they lie. */
    void takeAll(ElementwiseRule<?> rule) {
      rule.weights[tensor].describe(operands);
      operands.weightShift = 0;
      operands.firstMoment = rule.state[tensor];
      operands.gradient = memory;
      operands.gradientShift = shift;
    }
  }

  /** Gradient and weight are read, the weight written; state is read and written. */
  @Override
  protected final long bytes(StepState step) {
    long bytes = 0;
    for (int i = 0; i < step.tensors(); i++) {
      Tensor gradient = step.gradients[i];
      if (gradient != null) {
        long ofState = hasState ? 2 * Float.BYTES : 0;
        long each = gradient.dtype().bytes(1) + 2L * weights[i].bytesEach() + ofState;
        bytes += each * gradient.elements();
      }
    }
    return bytes;
  }

  @Override
  public void close() {
    super.close();
    staging.close();
  }
}
