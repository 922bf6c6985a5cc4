package io.spam4j.examples.bench.arms;

import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.HeapValues;
import java.util.List;

/**
 * SPAM as six passes over memory, one an operation of its formulas, on all threads: the same
 * arithmetic as fused, 68 bytes a weight instead of 28. The loops are so plain that the compiler
 * makes vectors of all but the first. Never resets.
 */
final class SeparatePassesArm implements ArmRun {
  private static final float BETA1 = (float) ReferenceRule.BETA1;
  private static final float BETA2 = (float) ReferenceRule.BETA2;
  private static final float EPSILON = (float) StepSize.EPSILON;

  private final HeapValues values;
  private final float[][] m;
  private final float[][] v;
  private final float[][] scratch;
  private final List<PlannedJob<SeparatePassesArm>> passes;
  private long steps;
  private float stepSize;

  SeparatePassesArm(BenchMemory memory) {
    values = memory.onHeap();
    m = values.zeros();
    v = values.zeros();
    scratch = values.zeros();
    WorkPlan plan = WorkPlan.of(memory.elements());
    int threads = memory.threads();
    passes =
        List.of(
            new PlannedJob<>(plan, threads, SeparatePassesArm::clip),
            new PlannedJob<>(plan, threads, SeparatePassesArm::firstMoment),
            new PlannedJob<>(plan, threads, SeparatePassesArm::secondMoment),
            new PlannedJob<>(plan, threads, SeparatePassesArm::denominator),
            new PlannedJob<>(plan, threads, SeparatePassesArm::direction),
            new PlannedJob<>(plan, threads, SeparatePassesArm::move));
  }

  @Override
  public void step() {
    steps++;
    stepSize = (float) StepSize.of(steps);
    for (PlannedJob<SeparatePassesArm> pass : passes) {
      pass.run(this);
    }
  }

  /** Where g^2 &gt; theta v: g = sign(g) sqrt(theta v). */
  private void clip(int tensor, long from, long to, int participant) {
    float[] g = values.gradients()[tensor];
    float[] second = v[tensor];
    float[] clipped = scratch[tensor];
    for (int i = (int) from; i < (int) to; i++) {
      float clipAbove = StepSize.SPIKE_THRESHOLD * second[i];
      clipped[i] =
          clipAbove > 0 && g[i] * g[i] > clipAbove
              ? Math.signum(g[i]) * (float) Math.sqrt(clipAbove)
              : g[i];
    }
  }

  /** m = beta1 m + (1 - beta1) g. */
  private void firstMoment(int tensor, long from, long to, int participant) {
    float[] first = m[tensor];
    float[] g = scratch[tensor];
    for (int i = (int) from; i < (int) to; i++) {
      first[i] = BETA1 * first[i] + (1 - BETA1) * g[i];
    }
  }

  /** v = beta2 v + (1 - beta2) g^2. */
  private void secondMoment(int tensor, long from, long to, int participant) {
    float[] second = v[tensor];
    float[] g = scratch[tensor];
    for (int i = (int) from; i < (int) to; i++) {
      second[i] = BETA2 * second[i] + (1 - BETA2) * g[i] * g[i];
    }
  }

  /** d = sqrt(v) + eps. */
  private void denominator(int tensor, long from, long to, int participant) {
    float[] second = v[tensor];
    float[] d = scratch[tensor];
    for (int i = (int) from; i < (int) to; i++) {
      d[i] = (float) Math.sqrt(second[i]) + EPSILON;
    }
  }

  /** d = m / d. */
  private void direction(int tensor, long from, long to, int participant) {
    float[] first = m[tensor];
    float[] d = scratch[tensor];
    for (int i = (int) from; i < (int) to; i++) {
      d[i] = first[i] / d[i];
    }
  }

  /** w = w - step d. */
  private void move(int tensor, long from, long to, int participant) {
    float[] w = values.weights()[tensor];
    float[] d = scratch[tensor];
    for (int i = (int) from; i < (int) to; i++) {
      w[i] -= stepSize * d[i];
    }
  }

  @Override
  public void check() {
    Agreement.check(
        "separate-passes",
        values,
        Agreement.ofDense(values),
        this::step,
        ReferenceRule.SPAM,
        Agreement.ENGINE);
  }

  @Override
  public void close() {}
}
