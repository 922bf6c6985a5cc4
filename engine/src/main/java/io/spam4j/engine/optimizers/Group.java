package io.spam4j.engine.optimizers;

import io.spam4j.engine.Schedule;
import io.spam4j.engine.internal.decide.Hyperparameters;
import java.util.Objects;
import java.util.Set;

/**
 * The hyper-parameters of some parameters, see {@link OptimizerBuilder#group}; ranges and defaults
 * are the builder's. A setting that the optimizer does not have throws {@link
 * IllegalArgumentException}.
 */
public final class Group {
  private final String optimizer;
  private final Set<Hyperparameters.Setting> settings;
  private Schedule learningRate = Schedule.constant(1e-3);
  private double beta1 = 0.9;
  private double beta2 = 0.999;
  private double epsilon = 1e-8;
  private double weightDecay;
  private double spikeThreshold;
  private double density = 1;

  /** The defaults of Adam, for an optimizer with these settings. */
  Group(String optimizer, Set<Hyperparameters.Setting> settings) {
    this.optimizer = optimizer;
    this.settings = settings;
  }

  Group copy() {
    var copy = new Group(optimizer, settings);
    copy.learningRate = learningRate;
    copy.beta1 = beta1;
    copy.beta2 = beta2;
    copy.epsilon = epsilon;
    copy.weightDecay = weightDecay;
    copy.spikeThreshold = spikeThreshold;
    copy.density = density;
    return copy;
  }

  Hyperparameters toHyperparameters() {
    return new Hyperparameters(
        learningRate, beta1, beta2, epsilon, weightDecay, spikeThreshold, density, settings);
  }

  private void require(Hyperparameters.Setting setting, Object value) {
    if (!settings.contains(setting)) {
      throw new IllegalArgumentException(
          "%s has no %s, remove it: %s=%s"
              .formatted(optimizer, setting.label(), setting.label(), value));
    }
  }

  /** The same learning rate at every step. */
  public Group learningRate(double learningRate) {
    return learningRate(Schedule.constant(learningRate));
  }

  /** The learning rate of each step. */
  public Group learningRate(Schedule learningRate) {
    this.learningRate = Objects.requireNonNull(learningRate, "learningRate must not be null");
    return this;
  }

  Schedule learningRate() {
    return learningRate;
  }

  /** The decays of the moments. */
  public Group betas(double beta1, double beta2) {
    require(Hyperparameters.Setting.BETAS, beta1 + ", " + beta2);
    this.beta1 = beta1;
    this.beta2 = beta2;
    return this;
  }

  /** Added to the denominator of the update. */
  public Group epsilon(double epsilon) {
    require(Hyperparameters.Setting.EPSILON, epsilon);
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
    require(Hyperparameters.Setting.SPIKE_THRESHOLD, spikeThreshold);
    this.spikeThreshold = spikeThreshold;
    return this;
  }

  /** See {@link MomentBuilder#density}. */
  public Group density(double density) {
    require(Hyperparameters.Setting.DENSITY, density);
    this.density = density;
    return this;
  }
}
