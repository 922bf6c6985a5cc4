package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.options.WeightRounding;
import java.util.Arrays;
import java.util.List;

/** Stochastic gradient descent: its numbers at each step. */
public final class SgdRule extends ElementwiseRule<SgdCoefficients> {
  private static final ElementwiseLoops<SgdCoefficients> LOOPS =
      new ElementwiseLoops<>(
          SgdUpdate::apply, SgdVector.class, List.of(ofExercise(true), ofExercise(false)));

  private final SgdCoefficients[] coefficients; // of each tensor

  /**
   * A rule that has decided nothing yet.
   *
   * @param rounding of bfloat16 weights
   * @param seed of rounding at random
   */
  public SgdRule(RuleParts parts, SgdSettings settings, WeightRounding rounding, long seed) {
    super(parts, LOOPS, settings.hasBuffer() ? SgdSettings.BUFFER : null, rounding, seed);
    coefficients = new SgdCoefficients[parts.parameters().size()];
    Arrays.setAll(coefficients, i -> coefficients(settings, parts.hyperparameters().get(i)));
  }

  private static SgdCoefficients ofExercise(boolean isFirst) {
    var c = new SgdCoefficients();
    c.momentum = 0.5f;
    c.oneMinusDampening = 1;
    c.startsBuffer = isFirst;
    c.nesterov = isFirst;
    c.coupledDecay = isFirst ? 0 : 0x1p-20f;
    c.stepSize = 0x1p-20f;
    return c;
  }

  private SgdCoefficients coefficients(SgdSettings settings, Hyperparameters h) {
    var c = new SgdCoefficients();
    c.skipsNonFinite = parts.keepsNonFinite();
    c.coupledDecay = (float) h.weightDecay();
    c.hasBuffer = settings.hasBuffer();
    c.momentum = (float) settings.momentum();
    c.oneMinusDampening = (float) (1 - settings.dampening());
    c.nesterov = settings.nesterov();
    return c;
  }

  @Override
  void decide(int tensor, StepState step) {
    coefficients[tensor].stepSize = (float) step.learningRates[tensor];
    coefficients[tensor].startsBuffer = step.updates(tensor) == 1;
  }

  @Override
  SgdCoefficients coefficients(int tensor) {
    return coefficients[tensor];
  }
}
