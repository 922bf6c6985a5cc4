package io.spam4j.engine.internal.apply;

import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.internal.decide.AdamDecision;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Corrections;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.step.MemoryOutline;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.step.UpdateRule;
import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.SpikeAction;
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
 * apart is in {@link Decision}. All tensors are updated in one wake-up of the pool.
 */
public final class FusedRule extends UpdateRule {
  private static final int BYTES_APART = 16;

  private final AdamDecision decision;
  private final Corrections[] corrections; // of each participant
  private final long[] bytes; // of each participant, some lines of the cache apart
  private final RuleParts parts;
  private final FusedTensor[] tensors;
  private final SparseMoments sparse;
  private final FusedPiece[] pieces; // of each participant
  private final EmulatedPiece[] emulated; // instead of them; none if operations are not emulated
  private final @Nullable GradientCopies copies; // where the kernel cannot read the gradient itself
  private final Staging staging;
  private PlannedJob job;
  private @Nullable PlannedJob nextJob; // for the number of moments that a prepared step has

  private final IntConsumer readState = this::readState;

  private @Nullable StepState step;

  /**
   * A rule that has decided nothing yet.
   *
   * @param decision what decides
   */
  public FusedRule(RuleParts parts, AdamSettings adam, AdamDecision decision) {
    this.parts = parts;
    this.decision = decision;
    corrections = new Corrections[parts.threads()];
    Arrays.setAll(corrections, _ -> new Corrections());
    bytes = new long[parts.threads() * BYTES_APART];
    boolean needsCopies = needsCopies(adam, parts.chain().isFused());
    int copiedLinks = needsCopies ? parts.chain().size() : 0;
    copies =
        needsCopies ? parts.chain().loader(WorkPlan.UNIT, parts.arena(), parts.threads()) : null;
    staging = new Staging(parts, adam);
    sparse = new SparseMoments(parts, adam, copiedLinks);
    pieces = new FusedPiece[parts.threads()];
    Arrays.setAll(pieces, i -> new FusedPiece(sparse, copies, copiedLinks, staging, i));
    boolean emulates = adam.moments == MomentFormat.BF16_EMULATED;
    emulated = new EmulatedPiece[emulates ? parts.threads() : 0];
    Arrays.setAll(emulated, _ -> new EmulatedPiece());
    tensors = new FusedTensor[parts.parameters().size()];
    try {
      for (int i = 0; i < tensors.length; i++) {
        tensors[i] =
            new FusedTensor(i, parts.parameters().get(i), sparse.isSparse(i), adam, state(i));
        decision.initialise(tensors[i].c, i);
      }
      job = job();
    } catch (RuntimeException | Error e) {
      close(); // selections have been drawn
      throw e;
    }
  }

  private PlannedJob job() {
    WorkPlan plan = WorkPlan.of(sparse.plannedElements());
    return PlannedJob.joining(plan, parts.threads(), this::update);
  }

  /** The bytes of working memory that such a rule allocates. */
  public static long scratchBytes(AdamSettings adam, MemoryOutline outline) {
    int threads = outline.threads();
    boolean copies = needsCopies(adam, outline.fused());
    return (copies ? GradientCopies.bytes(WorkPlan.UNIT, threads) : 0)
        + (outline.anySparse() ? SparseMoments.scratchBytes(adam, threads) : 0)
        + (Staging.isNeeded(adam, outline.weights()) ? Staging.bytes(threads) : 0);
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
  }

  private void takeNextJob() {
    if (nextJob != null) {
      job = nextJob;
      nextJob = null;
    }
  }

  @Override
  protected boolean resetsAt(long t) {
    return decision.timeline().resetsAt(t);
  }

  @Override
  protected double warmupScale(long t) {
    return decision.timeline().warmupScale(t);
  }

  @Override
  protected void prepare(StepState step) {
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
  protected void run(StepState step) {
    this.step = step;
    sparse.commit(readState);
    takeNextJob();
    Arrays.fill(bytes, 0);
    for (FusedTensor tensor : tensors) {
      if (!tensor.isOnePiece) {
        decide(tensor, step, /* participant= */ 0);
      }
    }
    job.run();
  }

  private void decide(FusedTensor tensor, StepState step, int participant) {
    int index = tensor.index;
    decision.decide(tensor.c, index, step, corrections[participant]);
    Tensor gradient = step.gradients[index];
    if (gradient != null && copies == null) {
      parts.chain().fuse(index, tensor.c);
      tensor.chooseLoop(gradient);
    }
  }

  private void update(int index, long from, long plannedTo, int participant) {
    FusedTensor tensor = tensors[index];
    long to = sparse.isSparse(index) ? Math.min(plannedTo, sparse.count(index)) : plannedTo;
    StepState current = Objects.requireNonNull(step);
    if (tensor.isOnePiece) {
      decide(tensor, current, participant);
    }
    if (from == 0) {
      bytes[participant * BYTES_APART] += bytes(tensor, current.gradients[index]);
    }
    // What is zeroed or copied first is still in cache when it is updated.
    boolean isCut = tensor.c.resetsMoments || tensor.c.zeroesMomentsAfter || copies != null;
    long start = from;
    do {
      long end = isCut ? Math.min(to, start + WorkPlan.UNIT) : to;
      updatePiece(current, tensor, start, end, participant);
      start = end;
    } while (start < to);
  }

  private void updatePiece(
      StepState current, FusedTensor tensor, long from, long to, int participant) {
    if (tensor.c.resetsMoments) {
      tensor.moments.zero(from, to);
    }
    int index = tensor.index;
    Tensor gradient = current.gradients[index];
    if (gradient == null) {
      return; // a selection that waits for its first gradient ends here too
    }
    UpdateTally tally = parts.counts().of(index, tensor.isOnePiece, participant);
    if (emulated.length > 0) {
      emulated[participant].update(tensor, mask(index), gradient, from, to, tally);
    } else {
      pieces[participant].update(tensor, gradient, from, to, current.t(), tally);
    }
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

  private long bytes(FusedTensor tensor, @Nullable Tensor gradient) {
    if (gradient == null) {
      return 0;
    }
    int i = tensor.index;
    IndexMask mask = sparse.mask(i);
    long updated = sparse.isSparse(i) ? sparse.count(i) : tensor.elements;
    return tensor.bytes(gradient, updated) + (mask == null ? 0 : mask.bytes());
  }

  @Override
  public void close() {
    sparse.close();
    staging.close();
  }
}
