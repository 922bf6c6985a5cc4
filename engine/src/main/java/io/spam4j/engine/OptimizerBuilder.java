package io.spam4j.engine;

import io.spam4j.engine.kernel.WorkerPool;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * What the builders of all optimizers have in common. Values are checked by {@link #build}.
 *
 * @param <B> the builder itself
 */
public abstract sealed class OptimizerBuilder<B extends OptimizerBuilder<B>>
    permits Spam.Builder, AdamW.Builder, Adam.Builder {
  final Group defaults;
  NonFinitePolicy nonFinite = NonFinitePolicy.SKIP_COORDINATE;
  GradientClipping clipping = GradientClipping.none();
  private int threads = WorkerPool.defaultThreads();
  private final List<GroupChange> groupChanges = new ArrayList<>();

  private record GroupChange(String pattern, Consumer<Group> change) {}

  OptimizerBuilder(Group defaults) {
    this.defaults = defaults;
  }

  abstract B self();

  abstract Recipe recipe(int threads);

  /**
   * The same learning rate at every step.
   *
   * @param learningRate finite, not negative; default 1e-3
   */
  public B learningRate(double learningRate) {
    return learningRate(Schedule.constant(learningRate));
  }

  /** The learning rate of each step; default 1e-3 throughout. */
  public B learningRate(Schedule learningRate) {
    defaults.learningRate(learningRate);
    return self();
  }

  /**
   * The decays of the moments.
   *
   * @param beta1 of the first moment, in [0, 1); default 0.9
   * @param beta2 of the second moment, in [0, 1); default 0.999
   */
  public B betas(double beta1, double beta2) {
    defaults.betas(beta1, beta2);
    return self();
  }

  /**
   * Added to the denominator of the update.
   *
   * @param epsilon finite, not negative; default 1e-8, for SPAM 1e-6. With 0 a coordinate whose
   *     second moment is 0 takes no step.
   */
  public B epsilon(double epsilon) {
    defaults.epsilon(epsilon);
    return self();
  }

  /**
   * Weight decay; how it enters depends on the optimizer.
   *
   * @param weightDecay finite, not negative; default 0, for AdamW 0.01
   */
  public B weightDecay(double weightDecay) {
    defaults.weightDecay(weightDecay);
    return self();
  }

  /**
   * Gives the parameters whose name matches a pattern hyper-parameters of their own. If several
   * groups match a parameter, all apply, in the order given.
   *
   * @param pattern the whole name; {@code *} stands for any characters, dots included, {@code ?}
   *     for one
   */
  public B group(String pattern, Consumer<Group> change) {
    groupChanges.add(new GroupChange(pattern, change));
    return self();
  }

  /**
   * How gradients are limited before the optimizer sees them; default {@link
   * GradientClipping#none}.
   */
  public B clipping(GradientClipping clipping) {
    this.clipping = clipping;
    return self();
  }

  /** What NaN and Inf do; default {@link NonFinitePolicy#SKIP_COORDINATE}. */
  public B nonFinite(NonFinitePolicy nonFinite) {
    this.nonFinite = nonFinite;
    return self();
  }

  /**
   * How many threads of the process-wide pool a step may run on, the caller's included. Results do
   * not depend on it.
   *
   * @param threads positive; default: the property {@code spam4j.threads}, or all processors
   */
  public B threads(int threads) {
    this.threads = threads;
    return self();
  }

  /**
   * Makes the optimizer and allocates its moments, all zero: 8 bytes a weight.
   *
   * @throws IllegalArgumentException if there are no parameters, two have the same name or
   *     overlapping weights, weights lie in memory that only one thread may use while threads is
   *     not 1, a group's pattern matches no parameter, or a value is out of its range
   */
  public Optimizer build(List<Parameter> parameters) {
    List<Hyperparameters> hyperparameters = new ArrayList<>();
    boolean[] used = new boolean[groupChanges.size()];
    for (Parameter parameter : parameters) {
      Group group = defaults.copy();
      for (int i = 0; i < used.length; i++) {
        if (isMatch(groupChanges.get(i).pattern(), parameter.name())) {
          groupChanges.get(i).change().accept(group);
          used[i] = true;
        }
      }
      hyperparameters.add(group.toHyperparameters());
    }
    for (int i = 0; i < used.length; i++) {
      if (!used[i]) {
        throw new IllegalArgumentException(
            "group must match a parameter: pattern=%s, parameters=%s"
                .formatted(
                    groupChanges.get(i).pattern(),
                    parameters.stream().map(Parameter::name).toList()));
      }
    }
    Recipe recipe = recipe(threads);
    Arena arena = Arena.ofShared();
    try {
      return new FusedOptimizer(recipe, parameters, hyperparameters, arena);
    } catch (RuntimeException | Error e) {
      arena.close(); // moments may be allocated already
      throw e;
    }
  }

  private static boolean isMatch(String pattern, String name) {
    String regex = Pattern.quote(pattern).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
    return Pattern.compile(regex, Pattern.DOTALL).matcher(name).matches();
  }

  /** The hyper-parameters of some parameters; ranges and defaults are the builder's. */
  public static final class Group {
    private Schedule learningRate = Schedule.constant(1e-3);
    private double beta1 = 0.9;
    private double beta2 = 0.999;
    private double epsilon;
    private double weightDecay;
    private double spikeThreshold;

    Group(double epsilon, double weightDecay, double spikeThreshold) {
      this.epsilon = epsilon;
      this.weightDecay = weightDecay;
      this.spikeThreshold = spikeThreshold;
    }

    private Group copy() {
      var copy = new Group(epsilon, weightDecay, spikeThreshold);
      copy.learningRate = learningRate;
      copy.beta1 = beta1;
      copy.beta2 = beta2;
      return copy;
    }

    private Hyperparameters toHyperparameters() {
      return new Hyperparameters(learningRate, beta1, beta2, epsilon, weightDecay, spikeThreshold);
    }

    /** The same learning rate at every step. */
    public Group learningRate(double learningRate) {
      return learningRate(Schedule.constant(learningRate));
    }

    /** The learning rate of each step. */
    public Group learningRate(Schedule learningRate) {
      this.learningRate = learningRate;
      return this;
    }

    /** The decays of the moments. */
    public Group betas(double beta1, double beta2) {
      this.beta1 = beta1;
      this.beta2 = beta2;
      return this;
    }

    /** Added to the denominator of the update. */
    public Group epsilon(double epsilon) {
      this.epsilon = epsilon;
      return this;
    }

    /** Weight decay. */
    public Group weightDecay(double weightDecay) {
      this.weightDecay = weightDecay;
      return this;
    }

    /** See {@link Spam.Builder#spikeThreshold}; Adam and AdamW clip spikes too where it is set. */
    public Group spikeThreshold(double spikeThreshold) {
      this.spikeThreshold = spikeThreshold;
      return this;
    }
  }
}
