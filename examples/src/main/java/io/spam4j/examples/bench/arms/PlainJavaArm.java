package io.spam4j.examples.bench.arms;

import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.HeapValues;

/** SPAM as one loop over arrays, on one thread: what one writes first. Never resets. */
final class PlainJavaArm implements ArmRun {
  private static final float BETA1 = (float) ReferenceRule.BETA1;
  private static final float BETA2 = (float) ReferenceRule.BETA2;
  private static final float EPSILON = (float) StepSize.EPSILON;

  private final HeapValues values;
  private final float[][] firstMoments;
  private final float[][] secondMoments;
  private long steps;

  PlainJavaArm(BenchMemory memory) {
    values = memory.onHeap();
    firstMoments = values.zeros();
    secondMoments = values.zeros();
  }

  @Override
  public void step() {
    steps++;
    float stepSize = (float) StepSize.of(steps);
    for (int i = 0; i < firstMoments.length; i++) {
      update(
          values.weights()[i],
          values.gradients()[i],
          firstMoments[i],
          secondMoments[i],
          stepSize,
          StepSize.SPIKE_THRESHOLD);
    }
  }

  private static void update(
      float[] w, float[] g, float[] m, float[] v, float stepSize, float threshold) {
    for (int i = 0; i < w.length; i++) {
      float gradient = g[i];
      float clipAbove = threshold * v[i];
      if (clipAbove > 0 && gradient * gradient > clipAbove) {
        gradient = Math.signum(gradient) * (float) Math.sqrt(clipAbove);
      }
      m[i] = BETA1 * m[i] + (1 - BETA1) * gradient;
      v[i] = BETA2 * v[i] + (1 - BETA2) * gradient * gradient;
      w[i] -= stepSize * m[i] / ((float) Math.sqrt(v[i]) + EPSILON);
    }
  }

  @Override
  public void check() {
    Agreement.check(
        "plain-java",
        values,
        Agreement.ofDense(values),
        this::step,
        ReferenceRule.SPAM,
        Agreement.ENGINE);
  }

  @Override
  public void close() {}
}
