package io.spam4j.javacpp.pytorch;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Sgd;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a parameter, its gradient and its state must be: plain arithmetic in double. */
final class PlainWeights {
  private static final double RATE = 0.1;
  private static final double DECAY = 0.1;
  private static final double MOMENTUM = 0.9;

  /** The optimizers that the model knows. */
  enum Algorithm {
    ADAMW,
    SGD;

    Optimizer build(List<Parameter> parameters) {
      return switch (this) {
        case ADAMW ->
            AdamW.builder().learningRate(RATE).weightDecay(DECAY).threads(1).build(parameters);
        case SGD ->
            Sgd.builder()
                .learningRate(RATE)
                .momentum(MOMENTUM)
                .weightDecay(DECAY)
                .threads(1)
                .build(parameters);
      };
    }
  }

  /** Memory that weights lie in; tied weights have one in common. */
  static final class Storage {
    final double[] values;
    final boolean isDouble;

    Storage(double[] values, boolean isDouble) {
      this.values = values;
      this.isDouble = isDouble;
    }

    Storage copy(boolean asDouble) {
      return new Storage(values.clone(), asDouble);
    }
  }

  /** What an optimizer keeps of a parameter. */
  static final class State {
    final double[] first;
    final double[] second;
    int updates;

    State(int elements) {
      first = new double[elements];
      second = new double[elements];
    }

    State copy() {
      State copy = new State(first.length);
      System.arraycopy(first, 0, copy.first, 0, first.length);
      System.arraycopy(second, 0, copy.second, 0, second.length);
      copy.updates = updates;
      return copy;
    }
  }

  final String name;
  boolean trains = true;
  Storage storage;
  double @Nullable [] gradient;
  boolean gradientFits = true;

  /** Where the optimizer has the weights; null where it does not have them. */
  @Nullable Storage home;

  State state;

  PlainWeights(String name, double[] values) {
    this.name = name;
    storage = new Storage(values, /* isDouble= */ false);
    state = new State(values.length);
  }

  int elements() {
    return storage.values.length;
  }

  boolean hasMoved() {
    return home != storage;
  }

  boolean isToStep() {
    return trains && gradient != null;
  }

  void accumulate(double[] added) {
    if (gradient == null) {
      gradient = new double[added.length];
      gradientFits = !storage.isDouble;
    }
    for (int i = 0; i < added.length; i++) {
      gradient[i] += added[i];
    }
  }

  void drop() {
    gradient = null;
    gradientFits = true;
  }

  void step(Algorithm algorithm) {
    double[] g = gradient;
    if (g == null) {
      throw new IllegalStateException("gradient must be there: parameter=" + name);
    }
    state.updates++;
    for (int i = 0; i < g.length; i++) {
      switch (algorithm) {
        case ADAMW -> adamw(i, g[i]);
        case SGD -> sgd(i, g[i]);
      }
    }
  }

  private void adamw(int i, double g) {
    double[] w = storage.values;
    w[i] *= 1 - RATE * DECAY;
    state.first[i] = 0.9 * state.first[i] + 0.1 * g;
    state.second[i] = 0.999 * state.second[i] + 0.001 * g * g;
    double first = state.first[i] / (1 - Math.pow(0.9, (double) state.updates));
    double second = state.second[i] / (1 - Math.pow(0.999, (double) state.updates));
    w[i] -= RATE * first / (Math.sqrt(second) + 1e-8);
  }

  private void sgd(int i, double g) {
    double[] w = storage.values;
    double decayed = g + DECAY * w[i];
    state.first[i] = state.updates == 1 ? decayed : MOMENTUM * state.first[i] + decayed;
    w[i] -= RATE * state.first[i];
  }

  @Override
  public String toString() {
    return name;
  }
}
