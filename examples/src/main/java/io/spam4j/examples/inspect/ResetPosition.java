package io.spam4j.examples.inspect;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a run stands between the resets of its moments. Steps and intervals count from 1; every
 * interval but the first begins with the step of a reset.
 *
 * @param every steps from reset to reset
 * @param interval the interval of the last step that was done; 1 before the first step
 * @param step how many steps of that interval are done
 * @param next the step of the next reset
 */
record ResetPosition(long every, long interval, long step, long next) {
  /**
   * What the settings of a checkpoint say.
   *
   * @return null if its optimizer never resets
   */
  static @Nullable ResetPosition of(Map<String, String> settings, long steps) {
    long every = Long.parseLong(settings.getOrDefault("resetInterval", "0"));
    if (every <= 0) {
      return null;
    }
    // The first reset is at step dT, or at step 1 as in Algorithm 1.
    long shift = Boolean.parseBoolean(settings.get("resetsAtStart")) ? 1 : 0;
    if (steps == 0) {
      return new ResetPosition(every, 1, 0, shift == 1 ? 1 : every);
    }
    long resets = (steps - shift) / every;
    long begins = resets == 0 ? 1 : resets * every + shift;
    return new ResetPosition(every, resets + 1, steps - begins + 1, (resets + 1) * every + shift);
  }
}
