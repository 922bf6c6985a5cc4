package io.spam4j.cuda.selftest;

/**
 * How much a {@link SelfTest} does.
 *
 * @param weights of the optimizers that are timed and of the gradient that is reduced, at least 1;
 *     fewer are taken where their 16 bytes each are more than a quarter of the free memory; default
 *     67,108,864
 * @param steps steps whose median time is told, at least 1; default 20
 * @param comparedSteps steps after which each optimizer must have the bits of the CPU, at least 1;
 *     default 40, which has a momentum reset in it
 * @param largeTensor elements of the largest tensor that is compared, at least 1; default 70,001,
 *     which is more than one block of threads works on
 */
public record SelfTestOptions(long weights, int steps, int comparedSteps, long largeTensor) {
  public SelfTestOptions {
    atLeastOne("weights", weights);
    atLeastOne("steps", steps);
    atLeastOne("comparedSteps", comparedSteps);
    atLeastOne("largeTensor", largeTensor);
  }

  private static void atLeastOne(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s must be at least 1: %1$s=%d".formatted(name, value));
    }
  }

  /** Some seconds on a GPU. */
  public static SelfTestOptions defaults() {
    return new SelfTestOptions(1 << 26, 20, 40, 70_001);
  }

  /** The same with other weights. */
  public SelfTestOptions withWeights(long number) {
    return new SelfTestOptions(number, steps, comparedSteps, largeTensor);
  }

  /** The same with other steps that are timed. */
  public SelfTestOptions withSteps(int number) {
    return new SelfTestOptions(weights, number, comparedSteps, largeTensor);
  }
}
