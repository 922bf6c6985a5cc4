package io.spam4j.examples.bench.arms;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.examples.bench.values.BenchMemory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** A dense SPAM step by {@link CLoop}, on one thread. Never resets. */
final class CLoopArm implements ArmRun {
  private static final float LARGEST_GRADIENT = 1e18f;

  private final BenchMemory memory;
  private final CLoop loop;
  private final MemorySegment[] firstMoments;
  private final MemorySegment[] secondMoments;
  private final UpdateCoefficients coefficients = new UpdateCoefficients();
  private long steps;

  CLoopArm(BenchMemory memory) throws ArmUnavailableException {
    this.memory = memory;
    loop = new CLoop("-march=native");
    firstMoments = moments();
    secondMoments = moments();
    coefficients.gradientLimit = LARGEST_GRADIENT;
    coefficients.spikeThreshold = StepSize.SPIKE_THRESHOLD;
    coefficients.beta1 = (float) ReferenceRule.BETA1;
    coefficients.oneMinusBeta1 = (float) (1 - ReferenceRule.BETA1);
    coefficients.beta2 = (float) ReferenceRule.BETA2;
    coefficients.oneMinusBeta2 = (float) (1 - ReferenceRule.BETA2);
    coefficients.flushBelow = Float.MIN_NORMAL;
    coefficients.epsilon = (float) StepSize.EPSILON;
  }

  private MemorySegment[] moments() {
    return Arrays.stream(memory.elements())
        .mapToObj(n -> memory.allocate(n * Float.BYTES))
        .toArray(MemorySegment[]::new);
  }

  @Override
  public void step() {
    steps++;
    coefficients.stepSize = (float) StepSize.of(steps);
    for (int i = 0; i < firstMoments.length; i++) {
      loop.set(coefficients);
      loop.apply(
          memory.weightMemory(i),
          memory.gradientMemory(i),
          firstMoments[i],
          secondMoments[i],
          memory.elements(i));
    }
  }

  @Override
  public void check() {
    Agreement.check(
        "c-loop",
        memory,
        Agreement.ofDense(memory),
        this::step,
        ReferenceRule.SPAM,
        Agreement.ENGINE);
  }

  @Override
  public void close() {
    loop.close();
  }
}
