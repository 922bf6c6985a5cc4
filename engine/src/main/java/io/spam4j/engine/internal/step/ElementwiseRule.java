package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import java.lang.foreign.MemorySegment;

/** An optimizer that changes each weight by its own gradient and state alone: one pass. */
public abstract class ElementwiseRule extends PlainRule {
  private final PlannedJob<StepState> job;

  protected ElementwiseRule(RuleParts parts) {
    super(parts);
    job = new PlannedJob<>(WorkPlan.of(parts.elements()), parts.threads(), this::update);
  }

  /** Decides the numbers of a tensor that has a gradient. */
  protected abstract void decide(int tensor, StepState step);

  /** Updates the elements {@code [from, to)}; {@code shift} as in {@link #gradient}. */
  protected abstract void apply(
      int tensor, MemorySegment gradient, long shift, long from, long to, UpdateTally tally);

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
    if (step.has(tensor)) {
      UpdateTally tally = parts.counts().of(tensor, participant);
      MemorySegment gradient = gradient(step, tensor, from, to, tally, participant);
      apply(tensor, gradient, shift(from), from, to, tally);
    }
  }

  /** Gradient and weight are read, the weight written; state is read and written. */
  @Override
  protected final long bytes(StepState step) {
    long bytes = 0;
    for (int i = 0; i < step.tensors(); i++) {
      long streams = 3 + 2L * state(i).size();
      long elements = parts.parameters().get(i).weights().elements();
      bytes += step.has(i) ? streams * Float.BYTES * elements : 0;
    }
    return bytes;
  }
}
