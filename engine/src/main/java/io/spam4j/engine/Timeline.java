package io.spam4j.engine;

/**
 * When an optimizer resets, warms up and clips spikes: functions of the step number alone (SPAM,
 * arXiv 2501.06842, section 3 and Algorithm 1; as the authors' code runs it, spam-spec 1.2). Steps
 * count from 1.
 *
 * @param resetInterval dT: moments are reset at steps dT, 2 dT, ...; 0 for never
 * @param rewarmSteps N: the warm-up after a reset rises over this many steps; 0 for none
 * @param graceSteps G: no clipping in the first G - 1 steps, nor in the G steps from a reset on
 * @param initialWarmup whether the first interval starts with the warm-up too
 * @param resetsAtStart whether the resets are at steps 1, dT + 1, ... instead, as in Algorithm 1
 * @param curve of the warm-up
 */
record Timeline(
    long resetInterval,
    long rewarmSteps,
    long graceSteps,
    boolean initialWarmup,
    boolean resetsAtStart,
    WarmupCurve curve) {
  Timeline {
    Checks.notNegative("resetInterval", resetInterval);
    Checks.notNegative("rewarmSteps", rewarmSteps);
    Checks.notNegative("spikeGraceSteps", graceSteps);
  }

  /** As the SPAM authors' code runs it. */
  static Timeline authors(long resetInterval, long rewarmSteps, long graceSteps) {
    return new Timeline(resetInterval, rewarmSteps, graceSteps, false, false, WarmupCurve.AUTHORS);
  }

  /** The number of resets up to step {@code t}, one at step 1 not counted. */
  long interval(long t) {
    return resetInterval == 0 ? 0 : phased(t) / resetInterval;
  }

  private long phased(long t) {
    return resetsAtStart ? t - 1 : t;
  }

  /** Whether both moments are zeroed before the gradient of step {@code t} is added. */
  boolean resetsAt(long t) {
    return resetInterval > 0 && phased(t) % resetInterval == 0;
  }

  /** Whether new selections are drawn at step {@code t}. */
  boolean startsInterval(long t) {
    return resetsAt(t) && interval(t) > interval(t - 1);
  }

  /** Whether spikes are clipped at step {@code t}: v must have seen some gradients first. */
  boolean clipsAt(long t) {
    return t >= graceSteps && (resetInterval == 0 || phased(t) % resetInterval >= graceSteps);
  }

  /** The factor on the learning rate at step {@code t}, from the warm-up after a reset. */
  double warmupScale(long t) {
    boolean firstInterval = interval(t) == 0 || t == 1;
    if (firstInterval && !initialWarmup) {
      return 1;
    }
    return curve.at(firstInterval ? t - 1 : phased(t) % resetInterval, rewarmSteps);
  }
}
