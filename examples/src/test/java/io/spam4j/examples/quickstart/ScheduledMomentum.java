package io.spam4j.examples.quickstart;

import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.decision.TensorStep;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.optimizers.MomentBuilder;
import java.util.Map;

/**
 * Adam with the momentum schedule of NAdam (Dozat, ICLR workshop 2016; mu of torch.optim.NAdam): an
 * optimizer that keeps a number of each tensor, the product of all mu, which corrects m.
 *
 * <pre>
 * mu = beta1 (1 - 0.96^(t momentumDecay) / 2)
 * m = mu m + (1 - mu) g;  v = beta2 v + (1 - beta2) g^2
 * w = w - lr * (m / (1 - mu_1 mu_2 ... mu_t)) / (sqrt(v / (1 - beta2^t)) + eps)
 * </pre>
 */
final class ScheduledMomentum extends MomentBuilder<ScheduledMomentum> {
  private final double momentumDecay;
  private final boolean tells;

  private ScheduledMomentum(double momentumDecay, boolean tells) {
    super("scheduled-momentum");
    this.momentumDecay = momentumDecay;
    this.tells = tells;
  }

  static ScheduledMomentum builder(double momentumDecay) {
    return new ScheduledMomentum(momentumDecay, true);
  }

  /** One that does not tell what it keeps, as if it kept nothing. */
  static ScheduledMomentum forgetful(double momentumDecay) {
    return new ScheduledMomentum(momentumDecay, false);
  }

  @Override
  protected Map<String, String> ownSettings() {
    return Map.of("momentumDecay", Double.toString(momentumDecay));
  }

  @Override
  protected Decision decision(int parameters) {
    Decision kept = new Kept(momentumDecay, parameters);
    return tells ? kept : (c, step) -> kept.decide(c, step); // without its scalars
  }

  @Override
  protected ScheduledMomentum self() {
    return this;
  }

  /** The logarithm of the product, because what is kept of a new tensor is 0. */
  private static final class Kept implements Decision {
    private static final String NAME = "log_mu_product";

    private final double momentumDecay;
    private final double[] logarithms;

    Kept(double momentumDecay, int parameters) {
      this.momentumDecay = momentumDecay;
      logarithms = new double[parameters];
    }

    @Override
    public void decide(UpdateCoefficients coefficients, TensorStep step) {
      double mu = step.beta1() * (1 - 0.5 * Math.pow(0.96, step.updates() * momentumDecay));
      logarithms[step.tensor()] += Math.log(mu);
      double correction1 = -Math.expm1(logarithms[step.tensor()]);
      double correction2 = 1 - Math.pow(step.beta2(), (double) step.updates());
      coefficients.beta1 = (float) mu;
      coefficients.oneMinusBeta1 = (float) (1 - mu);
      coefficients.stepSize = (float) (step.learningRate() * Math.sqrt(correction2) / correction1);
    }

    @Override
    public void addScalars(int tensor, Map<String, Double> scalars) {
      scalars.put(NAME, logarithms[tensor]);
    }

    @Override
    public void restoreScalars(int tensor, Map<String, Double> scalars) {
      logarithms[tensor] = scalars.getOrDefault(NAME, 0.0);
    }
  }
}
