package io.spam4j.examples.bench.arms;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Steps of SPAM in which a share of all coordinates are spikes, at every step: they are nullified,
 * since a clipped spike raises v sixfold and is none before long. The loop is the one that clips.
 */
final class SpikyArm implements ArmRun {
  private static final float FACTOR = 1e9f;

  private final Map<String, Tensor> gradients = new HashMap<>();
  private final Optimizer optimizer;
  private long spikes;

  /**
   * Allocates gradients and the optimizer's state, and does a step without spikes.
   *
   * @param share of the coordinates that are spikes, drawn at random
   */
  SpikyArm(BenchMemory memory, double share) {
    for (int i = 0; i < memory.tensors(); i++) {
      gradients.put(BenchMemory.name(i), spiky(memory, i, share));
    }
    optimizer =
        Spam.builder()
            .spikeAction(SpikeAction.NULLIFY)
            .resetInterval(0)
            .threads(memory.threads())
            .learningRate(ReferenceRule.LEARNING_RATE)
            .build(memory.parameters());
    optimizer.step(memory.gradients());
  }

  private Tensor spiky(BenchMemory memory, int tensor, double share) {
    long n = memory.elements(tensor);
    Tensor gradient = Tensor.of(memory.allocate(DType.F32.bytes(n)), DType.F32, n);
    Philox random = Philox.stream(1, "bench spikes", tensor);
    for (long k = 0; k < n; k++) {
      boolean isSpike = random.uniform(k) < share;
      spikes += isSpike ? 1 : 0;
      float value = memory.gradient(tensor, k) * (isSpike ? FACTOR : 1);
      gradient.memory().setAtIndex(JAVA_FLOAT, k, value);
    }
    return gradient;
  }

  @Override
  public void step() {
    optimizer.step(gradients::get);
  }

  @Override
  public void check() {
    StepReport report = optimizer.step(Gradients.of(gradients));
    if (report.spikes() != spikes) {
      throw new IllegalStateException(
          "spikes must be found: spikes=%d, expected=%d".formatted(report.spikes(), spikes));
    }
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
