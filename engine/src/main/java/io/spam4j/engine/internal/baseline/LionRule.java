package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.options.WeightRounding;
import java.util.Arrays;
import java.util.List;

/** Lion: its numbers at each step. */
public final class LionRule extends ElementwiseRule<LionCoefficients> {
  private static final ElementwiseLoops<LionCoefficients> LOOPS =
      new ElementwiseLoops<>(LionUpdate::apply, LionVector.class, List.of(ofExercise()));

  private final LionCoefficients[] coefficients; // of each tensor

  /**
   * A rule that has decided nothing yet.
   *
   * @param rounding of bfloat16 weights
   * @param seed of rounding at random
   */
  public LionRule(RuleParts parts, WeightRounding rounding, long seed) {
    super(parts, LOOPS, StateNames.FIRST, rounding, seed);
    coefficients = new LionCoefficients[parts.parameters().size()];
    Arrays.setAll(coefficients, i -> coefficients(parts.hyperparameters().get(i)));
  }

  private static LionCoefficients ofExercise() {
    var c = new LionCoefficients();
    c.beta1 = 0.5f;
    c.oneMinusBeta1 = 0.5f;
    c.beta2 = 0.5f;
    c.oneMinusBeta2 = 0.5f;
    c.stepSize = 0x1p-20f;
    return c;
  }

  private LionCoefficients coefficients(Hyperparameters h) {
    var c = new LionCoefficients();
    c.skipsNonFinite = parts.keepsNonFinite();
    c.beta1 = (float) h.beta1();
    c.oneMinusBeta1 = (float) (1 - h.beta1());
    c.beta2 = (float) h.beta2();
    c.oneMinusBeta2 = (float) (1 - h.beta2());
    return c;
  }

  @Override
  void decide(int tensor, StepState step) {
    double learningRate = step.learningRates[tensor];
    double decay = parts.hyperparameters().get(tensor).weightDecay();
    coefficients[tensor].stepSize = (float) learningRate;
    coefficients[tensor].decayBefore = (float) (1 - learningRate * decay);
  }

  @Override
  LionCoefficients coefficients(int tensor) {
    return coefficients[tensor];
  }
}
