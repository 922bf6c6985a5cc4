package io.spam4j.engine.internal.apply;

import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.internal.decide.AdamDecision;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.DecidedTensor;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.engine.internal.kernel.UpdateLoops;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.small.SmallLoops;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.step.MemoryOutline;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.step.SelectiveRule;
import io.spam4j.engine.internal.step.Staging;
import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Every optimizer whose update is the fused kernel: Adam, AdamW, SPAM, Stable-SPAM. What tells them
 * apart is in {@link AdamDecision}. All tensors are updated in one wake-up of the pool.
 */
public final class FusedRule extends SelectiveRule {
  private static final int BYTES_APART = 16;

  private final AdamDecision decision;
  private final DecidedTensor[] decided; // of each participant
  private final long[] bytes; // of each participant, some lines of the cache apart
  private final RuleParts parts;
  private final FusedTensor[] tensors;
  private final FusedTensor[] shared; // those of several pieces, decided before they are updated
  private final @Nullable SmallRuns small; // null if no tensors are updated together
  private final SparseMoments sparse;
  private final boolean fusesChain; // whether the kernel transforms the gradient
  private final Staging staging;
  private final PieceAtWork[] pieces; // of each participant
  private PlannedJob<StepState> job;

  /** For the number of moments that a prepared step has; null if it stays. */
  private @Nullable PlannedJob<StepState> nextJob;

  private final IntConsumer readState = this::readState;

  /**
   * A rule that has decided nothing yet.
   *
   * @param decision what decides
   */
  public FusedRule(RuleParts parts, AdamSettings adam, AdamDecision decision) {
    this.parts = parts;
    this.decision = decision;
    decided = new DecidedTensor[parts.threads()];
    Arrays.setAll(decided, _ -> new DecidedTensor(parts.hyperparameters()));
    bytes = new long[parts.threads() * BYTES_APART];
    fusesChain = !needsCopies(adam, parts.chain().isFused());
    staging = new Staging(parts, adam.moments != MomentFormat.F32);
    sparse = new SparseMoments(parts, adam);
    pieces = new PieceAtWork[parts.threads()];
    Arrays.setAll(pieces, i -> new PieceAtWork(staging, i));
    tensors = new FusedTensor[parts.parameters().size()];
    try {
      boolean emulates = adam.moments == MomentFormat.BF16_EMULATED;
      PieceForm dense = emulates ? new EmulatedForm(sparse, parts.threads()) : denseForm();
      PieceForm selected = selectedForm(adam);
      for (int i = 0; i < tensors.length; i++) {
        boolean isSparse = sparse.isSparse(i);
        PieceForm form = isSparse && !emulates ? selected : dense;
        tensors[i] = new FusedTensor(i, parts.parameters().get(i), isSparse, adam, state(i), form);
        decision.initialise(tensors[i].c, i);
      }
      shared = Arrays.stream(tensors).filter(t -> !t.isOnePiece).toArray(FusedTensor[]::new);
      small =
          decision.isStandard() && fusesChain
              ? SmallRuns.of(parts, adam, decision.timeline(), tensors, sparse.state())
              : null;
      job = job();
    } catch (RuntimeException | Error e) {
      close(); // selections have been drawn
      throw e;
    }
  }

  private PieceForm selectedForm(AdamSettings adam) {
    int copiedLinks = fusesChain ? 0 : parts.chain().size();
    var gathered = new SelectedForm(parts, adam, sparse, copiedLinks);
    boolean canBeLines = fusesChain && !adam.movesUnselected() && UpdateLoops.exist(DType.F32);
    return canBeLines ? new LinesForm(parts, sparse, gathered) : gathered;
  }

  private PieceForm denseForm() {
    if (fusesChain) {
      return new StagedForm();
    }
    GradientCopies copies = parts.chain().loader(WorkPlan.UNIT, parts.arena(), parts.threads());
    return new CopiedForm(copies, parts.chain().size());
  }

  private PlannedJob<StepState> job() {
    WorkPlan plan = WorkPlan.of(sparse.plannedElements());
    return small == null
        ? PlannedJob.joining(plan, parts.threads(), this::update)
        : PlannedJob.joining(plan, parts.threads(), this::update, this::updateMany);
  }

  /** The bytes of working memory that such a rule allocates. */
  public static long scratchBytes(AdamSettings adam, MemoryOutline outline) {
    int threads = outline.threads();
    boolean copies = needsCopies(adam, outline.fused());
    return (copies ? GradientCopies.bytes(WorkPlan.UNIT, threads) : 0)
        + (outline.anySparse() ? SelectedForm.scratchBytes(adam, threads) : 0)
        + (needsStaging(adam, outline.weights()) ? Staging.bytes(threads) : 0);
  }

  private static boolean needsStaging(AdamSettings adam, DType weights) {
    return adam.moments != MomentFormat.F32 || weights != DType.F32;
  }

  private static boolean needsCopies(AdamSettings adam, boolean fused) {
    return adam.spikeAction == SpikeAction.GAUSSIAN || !fused;
  }

  private void readState(int tensor) {
    tensors[tensor].readState(state(tensor));
  }

  @Override
  protected StateStore store() {
    return sparse.state();
  }

  @Override
  protected @Nullable IndexMask mask(int tensor) {
    return sparse.mask(tensor);
  }

  @Override
  protected boolean isPacked(int tensor) {
    return sparse.isSparse(tensor);
  }

  @Override
  protected void addScalars(int tensor, Map<String, Double> scalars) {
    decision.addScalars(tensor, scalars);
  }

  @Override
  protected void restoreScalars(int tensor, Map<String, Double> scalars) {
    decision.restoreScalars(tensor, scalars);
  }

  @Override
  protected void prepareRestore(List<@Nullable ParameterState> sources) {
    sparse.prepareRestore(sources);
    nextJob = job();
  }

  @Override
  protected SequencedMap<String, Tensor> restoreTarget(int tensor) {
    SequencedMap<String, Tensor> prepared = store().prepared(tensor);
    return prepared == null ? state(tensor) : prepared;
  }

  @Override
  protected void commitRestore() {
    sparse.commit(_ -> {}); // all tensors read their state anew
    takeNextJob();
    for (FusedTensor tensor : tensors) {
      tensor.readRestoredState(state(tensor.index));
    }
  }

  @Override
  protected void discardRestore() {
    sparse.discardPrepared();
    nextJob = null;
  }

  private void takeNextJob() {
    if (nextJob != null) {
      job = nextJob;
      nextJob = null;
    }
  }

  @Override
  protected Timeline timeline() {
    return decision.timeline();
  }

  @Override
  protected void prepare(StepState step) {
    staging.prepare(step);
    try {
      boolean resizes = sparse.prepare(step, decision.timeline());
      nextJob = resizes ? job() : null;
    } catch (Throwable e) { // a caller's selection can throw what Java does not declare
      sparse.discardPrepared();
      throw e;
    }
  }

  @Override
  protected void run(StepState step) {
    sparse.commit(readState);
    takeNextJob();
    Arrays.fill(bytes, 0);
    for (FusedTensor tensor : shared) {
      decide(tensor, step, /* participant= */ 0);
    }
    job.run(step);
  }

  private void decide(FusedTensor tensor, StepState step, int participant) {
    int index = tensor.index;
    decision.decide(tensor.c, index, step, decided[participant]);
    Tensor gradient = step.gradients[index];
    if (gradient != null && fusesChain) {
      parts.chain().fuse(index, tensor.c);
      tensor.chooseForm(gradient);
    }
  }

  /** Updates tensors of one piece each, until one needs more than the loops for small ones do. */
  private int updateMany(StepState step, int from, int end, int participant) {
    SmallRuns runs = Objects.requireNonNull(small);
    if (!runs.isFor(step)) {
      return from;
    }
    int k = from;
    while (k < end) {
      int alike = runs.end(step, k, end);
      if (alike == k) {
        return k;
      }
      decide(tensors[k], step, participant);
      int done = SmallLoops.run(runs.tensors(), k, alike, tensors[k].c);
      bytes[participant * BYTES_APART] += runs.bytes(k, done);
      k = done;
      if (done < alike) {
        return done;
      }
    }
    return end;
  }

  private void update(StepState step, int index, long from, long plannedTo, int participant) {
    FusedTensor tensor = tensors[index];
    if (tensor.isOnePiece) {
      decide(tensor, step, participant);
    }
    Tensor gradient = step.gradients[index];
    if (from == 0 && gradient != null) {
      bytes[participant * BYTES_APART] += bytes(tensor, gradient);
    }
    // What is zeroed first is still in cache when it is updated.
    boolean isCut = tensor.c.resetsMoments || tensor.c.zeroesMomentsAfter;
    long to = Math.min(plannedTo, tensor.count);
    long start = from;
    do {
      long end = isCut ? Math.min(to, start + WorkPlan.UNIT) : to;
      if (tensor.c.resetsMoments) {
        tensor.moments.zero(start, end);
      }
      if (gradient != null) { // a selection that waits for its first one has none either
        update(step, tensor, gradient, start, end, participant);
      }
      start = end;
    } while (start < to);
  }

  private void update(
      StepState step, FusedTensor tensor, Tensor gradient, long from, long to, int participant) {
    UpdateTally tally = parts.counts().of(tensor.index, tensor.isOnePiece, participant);
    PieceAtWork piece = pieces[participant];
    piece.set(gradient, from, to, step.t(), tally);
    tensor.form().update(tensor, piece);
    if (tensor.c.zeroesMomentsAfter) {
      tensor.moments.zero(from, to);
    }
  }

  @Override
  protected long bytes(StepState step) {
    long sum = 0;
    for (long some : bytes) { // a stream would be garbage in each step
      sum += some;
    }
    return sum;
  }

  private long bytes(FusedTensor tensor, Tensor gradient) {
    IndexMask mask = sparse.mask(tensor.index);
    return tensor.bytes(gradient) + (mask == null ? 0 : mask.bytes());
  }

  @Override
  public void close() {
    sparse.close();
    staging.close();
  }
}
