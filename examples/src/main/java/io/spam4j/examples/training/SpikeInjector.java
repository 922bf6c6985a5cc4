package io.spam4j.examples.training;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.List;

/**
 * Multiplies random gradient entries by a factor in a few random steps, the same for every
 * optimizer: which steps and entries depends on the seed alone.
 */
public final class SpikeInjector {
  private final BitSet steps = new BitSet();
  private final long seed;
  private final double share;
  private final float factor;

  /**
   * Draws the steps.
   *
   * @param rate the share of the steps to spike, rounded to whole steps
   * @param share the chance of an entry to be a spike in such a step
   */
  public SpikeInjector(long seed, int steps, double rate, double share, double factor) {
    this.seed = seed;
    this.share = share;
    this.factor = (float) factor;
    long count = Math.round(rate * steps);
    Philox random = Philox.stream(seed, "spiked steps", 0);
    for (long draw = 0; this.steps.cardinality() < count; draw++) {
      this.steps.set((int) random.below(draw, steps));
    }
  }

  /** How many steps are spiked. */
  public int spikedSteps() {
    return steps.cardinality();
  }

  /**
   * Spikes the gradients if it is this step's turn.
   *
   * @return whether it was
   */
  public boolean inject(int step, List<Parameter> parameters, Gradients gradients) {
    if (!steps.get(step)) {
      return false;
    }
    for (Parameter parameter : parameters) {
      Tensor gradient = gradients.of(parameter.name());
      if (gradient != null) {
        spike(gradient, Philox.stream(seed, "spikes " + parameter.name(), step));
      }
    }
    return true;
  }

  private void spike(Tensor gradient, Philox random) {
    MemorySegment memory = gradient.memory();
    for (long i = 0; i < gradient.elements(); i++) {
      if (random.uniform(i) < share) {
        float value = memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
        memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * Float.BYTES, value * factor);
      }
    }
  }
}
