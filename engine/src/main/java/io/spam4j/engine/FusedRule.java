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
  private final Staging staging;
  private final int copiedLinks; // transforms that are done in copies; none, or all
  private final boolean gaussian;
  private PlannedJob job;
  private @Nullable PlannedJob nextJob; // for the number of moments that a prepared step has

  // Of each tensor.
  private final StoredWeights[] weights;
  private final StoredMoments[] moments; // set anew when a selection changes
  private final StoredMoments.Keys[] keys;
  private final IntConsumer readState = this::readState;

  private @Nullable Step step;

  FusedRule(Setup setup, Recipe recipe, Decision decision) {
    this.setup = setup;
    this.recipe = recipe;
    this.decision = decision;
    int count = setup.parameters().size();
    gaussian = recipe.spikeAction == SpikeAction.GAUSSIAN;
    boolean needsCopies = gaussian || !setup.chain().isFused();
    copiedLinks = needsCopies ? setup.chain().size() : 0;
    copies = needsCopies ? setup.chain().loader(PIECE, setup.arena(), setup.threads()) : null;
    staging = new Staging(setup, recipe);
    sparse = new SparseMoments(setup, recipe, copiedLinks);
    operands = new Operands[setup.threads()];
    Arrays.setAll(operands, _ -> new Operands());
    weights = new StoredWeights[count];
    moments = new StoredMoments[count];
    keys = new StoredMoments.Keys[count];
    coefficients = new UpdateCoefficients[count];
    try {
      for (int i = 0; i < count; i++) {
        coefficients[i] = new UpdateCoefficients();
        decision.initialise(coefficients[i], i);
        Parameter parameter = setup.parameters().get(i);
        weights[i] = new StoredWeights(parameter, recipe, state(i).get(MomentLayout.LOW));
        keys[i] = new StoredMoments.Keys(recipe.seed, parameter.name());
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
  static long scratchBytes(Recipe recipe, Blueprint.Outline outline) {
    int threads = outline.threads();
    return scratchBytes(recipe, outline.fused(), outline.anySparse(), threads)
        + (Staging.isNeeded(recipe, outline.weights()) ? Staging.bytes(threads) : 0);
  }

  private static long scratchBytes(Recipe recipe, boolean fused, boolean anySparse, int threads) {
    boolean needsCopies = recipe.spikeAction == SpikeAction.GAUSSIAN || !fused;
    return (needsCopies ? PieceLoader.bytes(PIECE, threads) : 0)
        + (anySparse ? SparseMoments.scratchBytes(recipe, threads) : 0);
  }

  private void readState(int tensor) {
    moments[tensor] = new StoredMoments(recipe.moments, keys[tensor], state(tensor));
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
    return staging.bytes()
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
    staging.prepare(step);
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
      moments[tensor].zero(from, to);
    }
    Tensor gradient = Objects.requireNonNull(step).gradients[tensor];
    if (gradient == null) {
      return; // a selection that waits for its first gradient ends here too
    }
    UpdateTally tally = setup.counts().start(tensor, participant);
    Operands o = operands[participant];
    if (mask != null) {
      updateSelected(tensor, mask, gradient, from, to, o, tally, participant);
    } else {
      updateDense(tensor, gradient, from, to, o, tally, participant);
    }
    if (c.zeroesMomentsAfter) {
      moments[tensor].zero(from, to);
    }
    setup.counts().add(tally, tensor);
  }

  private void updateDense(
      int tensor,
      Tensor gradient,
      long from,
      long to,
      Operands o,
      UpdateTally tally,
      int participant) {
    boolean stagesGradient = copies == null && Staging.isStaged(gradient);
    o.gradient =
        copies == null
            ? gradient.memory()
            : copies.load(gradient, tensor, from, to, copiedLinks, tally, participant);
    o.gradientShift = copies == null ? 0 : -from;
    clipDeviations(tensor, o, from, to, tally);
    StoredWeights stored = weights[tensor];
    o.weights = stored.memory();
    o.weightShift = 0;
    if (!(stagesGradient || stored.isStaged() || moments[tensor].isStaged())) {
      apply(tensor, o, from, to, tally, participant);
      return;
    }
    Staging.Block block = staging.of(participant);
    for (long start = from; start < to; start += Staging.BLOCK) {
      long count = Math.min(to - start, Staging.BLOCK);
      if (stagesGradient) {
        PieceLoader.copy(gradient, start, count, block.gradient());
        o.gradient = block.gradient();
        o.gradientShift = -start;
      }
      if (stored.isStaged()) {
        stored.load(start, count, block.weights());
        o.weights = block.weights();
        o.weightShift = -start;
      }
      apply(tensor, o, start, start + count, tally, participant);
      if (stored.isStaged()) {
        stored.store(block.weights(), start, count, t());
      }
    }
  }

  private long t() {
    return Objects.requireNonNull(step).t;
  }

  /** A piece of a tensor of which only some weights have moments, a block of the mask at a time. */
  private void updateSelected(
      int tensor,
      IndexMask mask,
      Tensor gradient,
      long from,
      long to,
      Operands o,
      UpdateTally tally,
      int participant) {
    GatheredBlock work = sparse.workspace(participant);
    for (long start = from; start < to; start += IndexMask.BLOCK) {
      long block = start / IndexMask.BLOCK;
      int count = work.gather(tensor, weights[tensor], staging, mask, block, gradient, tally);
      o.weights = work.weights();
      o.weightShift = -start;
      o.gradient = work.gradient();
      o.gradientShift = -start;
      long largestBefore = tally.largestAt;
      tally.largestAt = UpdateTally.NOWHERE;
      clipDeviations(tensor, o, start, start + count, tally);
      apply(tensor, o, start, start + count, tally, participant);
      boolean raised = tally.largestAt != UpdateTally.NOWHERE;
      tally.largestAt = raised ? work.position(tally.largestAt - start) : largestBefore;
      work.scatter(weights[tensor], staging, t());
    }
    if (sparse.movesUnselected(tensor)) {
      work.moveUnselected(tensor, mask, from, to, gradient, coefficients[tensor], tally);
    }
  }

  private void clipDeviations(int tensor, Operands o, long from, long to, UpdateTally tally) {
    MemorySegment mean = moments[tensor].mean;
    MemorySegment variance = moments[tensor].variance;
    if (mean != null && variance != null) {
      GaussianClip.apply(o.gradient, mean, variance, from, to, coefficients[tensor], tally);
    }
  }

  /** Updates elements, of which there are at most a block if the moments are staged. */
  private void apply(
      int tensor, Operands o, long from, long to, UpdateTally tally, int participant) {
    UpdateCoefficients c = coefficients[tensor];
    StoredMoments stored = moments[tensor];
    if (stored.isStaged()) {
      applyStaged(stored, o, from, to - from, c, tally, participant);
      return;
    }
    o.firstMoment = stored.first;
    o.secondMoment = stored.second;
    Update.apply(o, from, to, c, tally);
    MemorySegment largestSecond = stored.largest;
    if (largestSecond != null) {
      Amsgrad.apply(o, largestSecond, from, to, c);
    }
  }

  private void applyStaged(
      StoredMoments stored,
      Operands o,
      long from,
      long count,
      UpdateCoefficients c,
      UpdateTally tally,
      int participant) {
    Staging.Block block = staging.of(participant);
    stored.load(from, count, block.first(), block.second());
    o.firstMoment = block.first();
    o.secondMoment = block.second();
    o.weightShift += from;
    o.gradientShift += from;
    long largestBefore = tally.largestAt;
    tally.largestAt = UpdateTally.NOWHERE;
    Update.apply(o, 0, count, c, tally);
    boolean raised = tally.largestAt != UpdateTally.NOWHERE;
    tally.largestAt = raised ? from + tally.largestAt : largestBefore;
    o.weightShift -= from;
    o.gradientShift -= from;
    stored.store(block.first(), block.second(), from, count, t());
  }

  @Override
  long bytes(Step step) { // the gradient, and weight and state there and back
    long bytes = 0;
    for (int i = 0; i < coefficients.length; i++) {
      Tensor gradient = step.gradients[i];
      if (gradient != null) {
        IndexMask mask = sparse.mask(i);
        long elements = sparse.isSparse(i) ? sparse.count(i) : gradient.elements();
        bytes += elements * (gradient.dtype().bytes(1) + 2L * weights[i].bytesEach());
        bytes += 2 * moments[i].bytes();
        bytes += mask == null ? 0 : mask.bytes();
      }
    }
    return bytes;
  }

  @Override
  public void close() {
    sparse.close();
    staging.close();
  }
}
