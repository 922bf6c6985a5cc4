package io.spam4j.engine;

import io.spam4j.engine.Checkpoint.SavedParameter;
import io.spam4j.engine.kernel.Amsgrad;
import io.spam4j.engine.kernel.GaussianClip;
import io.spam4j.engine.kernel.Operands;
import io.spam4j.engine.kernel.PlannedJob;
import io.spam4j.engine.kernel.Update;
import io.spam4j.engine.kernel.UpdateCoefficients;
import io.spam4j.engine.kernel.UpdateTally;
import io.spam4j.engine.kernel.WorkPlan;
import io.spam4j.tensors.IndexMask;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Every optimizer whose update is the fused kernel: Adam, AdamW, SPAM, Stable-SPAM. What tells them
 * apart is in {@link Decision}. All tensors are updated in one wake-up of the pool.
 */
final class FusedRule extends UpdateRule {
  /** The most elements a piece of the plan has. */
  static final int PIECE = WorkPlan.UNIT;

  private final Recipe recipe;
  private final Decision decision;
  private final Setup setup;
  private final UpdateCoefficients[] coefficients;
  private final SparseMoments sparse;
  private final Operands[] operands; // of each participant
  private final @Nullable PieceLoader copies; // where the kernel cannot read the gradient itself
  private final HeapCopies heap;
  private final int copiedLinks; // transforms that are done in copies; none, or all
  private final boolean gaussian;
  private final long streamsPerWeight; // the gradient, and weight and state there and back
  private PlannedJob job;
  private @Nullable PlannedJob nextJob; // for the number of moments that a prepared step has

  // The state of each tensor, as segments; set anew when a selection changes.
  private final MemorySegment[] first;
  private final MemorySegment[] second;
  private final @Nullable MemorySegment[] largest;
  private final @Nullable MemorySegment[] mean;
  private final @Nullable MemorySegment[] variance;

  private final MemorySegment[][] all;
  private final IntConsumer readState = this::readState;

  private @Nullable Step step;

  FusedRule(Setup setup, Recipe recipe, Decision decision) {
    this.setup = setup;
    this.recipe = recipe;
    this.decision = decision;
    int count = setup.parameters().size();
    gaussian = recipe.spikeAction == SpikeAction.GAUSSIAN;
    streamsPerWeight = 1 + 2L * (1 + recipe.state().size());
    boolean needsCopies = gaussian || !setup.chain().isFused();
    copiedLinks = needsCopies ? setup.chain().size() : 0;
    copies = needsCopies ? setup.chain().loader(PIECE, setup.arena(), setup.threads()) : null;
    heap = new HeapCopies(setup);
    sparse = new SparseMoments(setup, recipe, copiedLinks);
    operands = new Operands[setup.threads()];
    Arrays.setAll(operands, _ -> new Operands());
    first = new MemorySegment[count];
    second = new MemorySegment[count];
    largest = new MemorySegment[count];
    mean = new MemorySegment[count];
    variance = new MemorySegment[count];
    all = new MemorySegment[count][];
    coefficients = new UpdateCoefficients[count];
    try {
      for (int i = 0; i < count; i++) {
        coefficients[i] = new UpdateCoefficients();
        decision.initialise(coefficients[i], i);
        readState(i);
      }
      job = job();
    } catch (RuntimeException | Error e) {
      close(); // selections have been drawn
      throw e;
    }
  }

  private PlannedJob job() {
    return new PlannedJob(WorkPlan.of(sparse.plannedElements()), setup.threads(), this::update);
  }

  /** The bytes of working memory that such a rule allocates. */
  static long scratchBytes(Recipe recipe, boolean fused, boolean anySparse, int threads) {
    boolean needsCopies = recipe.spikeAction == SpikeAction.GAUSSIAN || !fused;
    return (needsCopies ? PieceLoader.bytes(PIECE, threads) : 0)
        + (anySparse ? SparseMoments.scratchBytes(recipe, threads) : 0);
  }

  private MemorySegment weights(int tensor) {
    return setup.parameters().get(tensor).weights().memory();
  }

  private void readState(int tensor) {
    SequencedMap<String, Tensor> state = setup.state().of(tensor);
    first[tensor] = memory(state, Recipe.FIRST);
    second[tensor] = memory(state, Recipe.SECOND);
    largest[tensor] = recipe.amsgrad ? memory(state, Recipe.LARGEST) : null;
    mean[tensor] = gaussian ? memory(state, Recipe.MEAN) : null;
    variance[tensor] = gaussian ? memory(state, Recipe.VARIANCE) : null;
    all[tensor] = state.values().stream().map(Tensor::memory).toArray(MemorySegment[]::new);
  }

  private static MemorySegment memory(SequencedMap<String, Tensor> state, String name) {
    return Objects.requireNonNull(state.get(name)).memory();
  }

  @Override
  SequencedMap<String, Tensor> state(int tensor) {
    return setup.state().of(tensor);
  }

  @Override
  @Nullable IndexMask mask(int tensor) {
    return sparse.mask(tensor);
  }

  @Override
  boolean isPacked(int tensor) {
    return sparse.isSparse(tensor);
  }

  @Override
  void prepareRestore(List<@Nullable SavedParameter> sources) {
    sparse.prepareRestore(sources);
    nextJob = job();
  }

  @Override
  SequencedMap<String, Tensor> restoreTarget(int tensor) {
    SequencedMap<String, Tensor> prepared = setup.state().prepared(tensor);
    return prepared == null ? state(tensor) : prepared;
  }

  @Override
  void commitRestore() {
    sparse.commitRestore(readState);
    takeNextJob();
  }

  @Override
  void discardRestore() {
    sparse.discardPrepared();
  }

  private void takeNextJob() {
    if (nextJob != null) {
      job = nextJob;
      nextJob = null;
    }
  }

  @Override
  long indexBytes() {
    return sparse.indexBytes();
  }

  @Override
  long scratchBytes() {
    return heap.bytes()
        + scratchBytes(recipe, setup.chain().isFused(), sparse.any(), setup.threads());
  }

  @Override
  boolean resetsAt(long t) {
    return decision.timeline().resetsAt(t);
  }

  @Override
  double warmupScale(long t) {
    return decision.timeline().warmupScale(t);
  }

  @Override
  void prepare(Step step) {
    heap.prepare(step);
    try {
      boolean resizes = sparse.prepare(step, decision.timeline());
      nextJob = resizes ? job() : null;
    } catch (RuntimeException | Error e) {
      sparse.discardPrepared();
      throw e;
    }
  }

  @Override
  void run(Step step) {
    this.step = step;
    sparse.commit(readState);
    takeNextJob();
    for (int i = 0; i < coefficients.length; i++) {
      decision.decideAndCountReset(coefficients[i], i, step);
      if (step.has(i) && copies == null) {
        setup.chain().fuse(i, coefficients[i]);
      }
    }
    job.run();
  }

  private void update(int tensor, long from, long plannedTo, int participant) {
    UpdateCoefficients c = coefficients[tensor];
    IndexMask mask = sparse.mask(tensor);
    long to = sparse.isSparse(tensor) ? Math.min(plannedTo, sparse.count(tensor)) : plannedTo;
    if (c.resetsMoments) {
      zero(tensor, from, to);
    }
    MemorySegment gradient = Objects.requireNonNull(step).gradients[tensor];
    if (gradient == null) {
      return; // a selection that waits for its first gradient ends here too
    }
    UpdateTally tally = setup.counts().start(tensor, participant);
    Operands o = operands[participant];
    o.firstMoment = first[tensor];
    o.secondMoment = second[tensor];
    if (mask != null) {
      updateSelected(tensor, mask, gradient, from, to, o, tally, participant);
    } else {
      updateDense(tensor, gradient, from, to, o, tally, participant);
    }
    if (c.zeroesMomentsAfter) {
      zero(tensor, from, to);
    }
    setup.counts().add(tally, tensor);
  }

  private void updateDense(
      int tensor,
      MemorySegment gradient,
      long from,
      long to,
      Operands o,
      UpdateTally tally,
      int participant) {
    PieceLoader loader = copies != null ? copies : heap.ofGradient(gradient);
    o.gradient =
        loader == null
            ? gradient
            : loader.load(gradient, tensor, from, to, copiedLinks, tally, participant);
    o.gradientShift = loader == null ? 0 : -from;
    MemorySegment weights = weights(tensor);
    PieceLoader weightLoader = heap.ofWeights(weights);
    o.weights =
        weightLoader == null
            ? weights
            : weightLoader.load(weights, tensor, from, to, 0, tally, participant);
    o.weightShift = weightLoader == null ? 0 : -from;
    apply(tensor, o, from, to, tally);
    if (weightLoader != null) {
      long bytes = (to - from) * Float.BYTES;
      MemorySegment.copy(o.weights, 0, weights, from * Float.BYTES, bytes);
    }
  }

  /** A piece of a tensor of which only some weights have moments, a block of the mask at a time. */
  private void updateSelected(
      int tensor,
      IndexMask mask,
      MemorySegment gradient,
      long from,
      long to,
      Operands o,
      UpdateTally tally,
      int participant) {
    GatheredBlock work = sparse.workspace(participant);
    for (long start = from; start < to; start += IndexMask.BLOCK) {
      int count = work.gather(tensor, mask, start / IndexMask.BLOCK, gradient, tally);
      o.weights = work.weights();
      o.weightShift = -start;
      o.gradient = work.gradient();
      o.gradientShift = -start;
      long largestBefore = tally.largestAt;
      tally.largestAt = UpdateTally.NOWHERE;
      apply(tensor, o, start, start + count, tally);
      boolean raised = tally.largestAt != UpdateTally.NOWHERE;
      tally.largestAt = raised ? work.position(tally.largestAt - start) : largestBefore;
      work.scatter(tensor);
    }
    if (sparse.movesUnselected(tensor)) {
      work.moveUnselected(tensor, mask, from, to, gradient, coefficients[tensor], tally);
    }
  }

  private void apply(int tensor, Operands o, long from, long to, UpdateTally tally) {
    UpdateCoefficients c = coefficients[tensor];
    MemorySegment gradientMean = mean[tensor];
    MemorySegment gradientVariance = variance[tensor];
    if (gradientMean != null && gradientVariance != null) {
      GaussianClip.apply(o.gradient, gradientMean, gradientVariance, from, to, c, tally);
    }
    Update.apply(o, from, to, c, tally);
    MemorySegment largestSecond = largest[tensor];
    if (largestSecond != null) {
      Amsgrad.apply(o, largestSecond, from, to, c);
    }
  }

  private void zero(int tensor, long from, long to) {
    for (MemorySegment segment : all[tensor]) {
      Update.zero(segment, from, to);
    }
  }

  @Override
  long bytes(Step step) {
    long bytes = 0;
    for (int i = 0; i < coefficients.length; i++) {
      IndexMask mask = sparse.mask(i);
      long elements =
          sparse.isSparse(i) ? sparse.count(i) : setup.parameters().get(i).weights().elements();
      bytes += step.has(i) ? streamsPerWeight * Float.BYTES * elements : 0;
      bytes += step.has(i) && mask != null ? mask.bytes() : 0;
    }
    return bytes;
  }

  @Override
  public void close() {
    sparse.close();
    heap.close();
  }
}
