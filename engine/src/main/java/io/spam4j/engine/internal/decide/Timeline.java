package io.spam4j.engine.internal.decide;

import io.spam4j.engine.internal.math.Ranges;
import io.spam4j.engine.options.WarmupCurve;

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
public record Timeline(
    long resetInterval,
    long rewarmSteps,
    long graceSteps,
    boolean initialWarmup,
    boolean resetsAtStart,
    WarmupCurve curve) {
  /** That of an optimizer which never resets. */
  public static final Timeline NONE = new Timeline(0, 0, 0, false, false, WarmupCurve.AUTHORS);

  public Timeline {
    Ranges.notNegative("resetInterval", resetInterval);
    Ranges.notNegative("rewarmSteps", rewarmSteps);
    Ranges.notNegative("spikeGraceSteps", graceSteps);
  }

  /** The number of resets up to step {@code t}, one at step 1 not counted. */
  long interval(long t) {
    return resetInterval == 0 ? 0 : phased(t) / resetInterval;
  }

  private long phased(long t) {
    return resetsAtStart ? t - 1 : t;
  }

  /** Whether both moments are zeroed before the gradient of step {@code t} is added. */
  public boolean resetsAt(long t) {
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
  public double warmupScale(long t) {
    boolean firstInterval = interval(t) == 0 || t == 1;
    if (firstInterval && !initialWarmup) {
      return 1;
    }
    return curve.at(firstInterval ? t - 1 : phased(t) % resetInterval, rewarmSteps);
  }
}
