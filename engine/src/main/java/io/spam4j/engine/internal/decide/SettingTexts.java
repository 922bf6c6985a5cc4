package io.spam4j.engine.internal.decide;

import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.WarmupCurve;

/**
 * Settings that are more than one number or name, as checkpoints tell them. Files are compared by
 * these texts: they stay as they are, whatever becomes of the names in the code. Settings that are
 * enums are told by the names of their constants, which have to stay for the same reason.
 */
final class SettingTexts {
  private SettingTexts() {}

  static String of(WarmupCurve curve) {
    return "WarmupCurve[amplitude=%s, beyond=%s, shift=%s]"
        .formatted(curve.amplitude(), curve.beyond(), curve.shift());
  }

  static String of(BetaSchedule schedule) {
    return "BetaSchedule[totalSteps=%s, finalFraction=%s, rises=%s]"
        .formatted(schedule.totalSteps(), schedule.finalFraction(), schedule.rises());
  }

  static String of(MaskSelection selection) {
    return switch (selection) {
      case MaskSelection.Random random -> "Random[%s]".formatted(text(random));
      case MaskSelection.Largest largest -> largest.name();
      case MaskSelection.LargestLines largest ->
          "%s[lines=%d]".formatted(largest.of().name(), largest.lineLength());
      case MaskSelection.Given _ -> "given"; // what a caller's source selects is not known
    };
  }

  /** Lines are younger than version 1 of the format: single weights are told as they were. */
  private static String text(MaskSelection.Random random) {
    String sampling = "sampling=" + random.sampling().name();
    return random.lineLength() == 1 ? sampling : sampling + ", lines=" + random.lineLength();
  }
}
