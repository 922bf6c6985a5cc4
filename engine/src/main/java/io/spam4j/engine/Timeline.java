package io.spam4j.engine;

/**
 * When SPAM resets, warms up and clips: functions of the step number alone (SPAM, arXiv 2501.06842,
 * section 3 and Algorithm 1; as the authors' code runs it, spam-spec 1.2). Steps count from 1.
 *
 * @param resetInterval dT: moments are reset at steps dT, 2 dT, ...; 0 for never
 * @param rewarmSteps N: the warm-up after a reset rises over this many steps; 0 for none
 * @param graceSteps G: no clipping in the first G - 1 steps, nor in the G steps from a reset on
 * @param initialWarmup whether the first interval starts with the warm-up too
 */
record Timeline(long resetInterval, long rewarmSteps, long graceSteps, boolean initialWarmup) {
  private static final double AMPLITUDE = 0.99;

  Timeline {
    Checks.notNegative("resetInterval", resetInterval);
    Checks.notNegative("rewarmSteps", rewarmSteps);
    Checks.notNegative("spikeGraceSteps", graceSteps);
  }

  /** Adam's: nothing ever happens. */
  static Timeline uneventful() {
    return new Timeline(0, 0, 0, false);
  }

  /** Whether both moments are zeroed before the gradient of step {@code t} is added. */
  boolean resetsAt(long t) {
    return resetInterval > 0 && t % resetInterval == 0;
  }

  /** Whether spikes are clipped at step {@code t}: v must have seen some gradients first. */
  boolean clipsAt(long t) {
    return t >= graceSteps && (resetInterval == 0 || t % resetInterval >= graceSteps);
  }

  /**
   * The factor on the learning rate at step {@code t}: 1 - 0.99 (1 + cos(pi j / (N + 1))) / 2 for
   * the j-th step of an interval, from 0.01 at a reset to 1 at j = N.
   */
  double warmupScale(long t) {
    boolean firstInterval = t < resetInterval || resetInterval == 0 || t == 1;
    if (firstInterval && !initialWarmup) {
      return 1;
    }
    long j = firstInterval ? t - 1 : t % resetInterval;
    if (j >= rewarmSteps) {
      return 1;
    }
    return 1 - AMPLITUDE * (1 + HalfTurn.cos((double) j / (rewarmSteps + 1))) / 2;
  }
}
