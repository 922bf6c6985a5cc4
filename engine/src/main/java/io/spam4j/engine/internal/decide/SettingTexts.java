package io.spam4j.engine.internal.decide;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.WarmupCurve;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Settings that are more than one number or name, as checkpoints tell them. Files are compared by
 * these texts: they stay as they are, whatever becomes of the names in the code. Settings that are
 * enums are told by the names of their constants, which have to stay for the same reason.
 */
public final class SettingTexts {
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
      case MaskSelection.Random random -> "Random[sampling=%s]".formatted(random.sampling().name());
      case MaskSelection.Largest largest -> largest.name();
      case MaskSelection.Given _ -> "given"; // what a caller's source selects is not known
    };
  }

  /** Transforms in their order. */
  public static String of(List<GradientTransform> transforms) {
    return transforms.stream().map(SettingTexts::of).collect(Collectors.joining(", ", "[", "]"));
  }

  /** A pattern without what separates texts. */
  private static String escaped(String pattern) {
    return pattern
        .replace("%", "%25")
        .replace("[", "%5B")
        .replace("]", "%5D")
        .replace("|", "%7C")
        .replace(",", "%2C");
  }

  private static String of(GradientTransform transform) {
    return switch (transform) {
      case GradientTransform.Some c -> {
        String all = of(c.transform());
        String names =
            c.patterns().stream().map(SettingTexts::escaped).collect(Collectors.joining("|"));
        yield "%s, %s=%s]"
            .formatted(all.substring(0, all.length() - 1), c.isExcept() ? "except" : "only", names);
      }
      case GradientTransform.Scale c -> "Scale[factor=%s]".formatted(c.factor());
      case GradientTransform.GlobalNorm c -> "GlobalNorm[maxNorm=%s]".formatted(c.maxNorm());
      case GradientTransform.Value c -> "Value[limit=%s]".formatted(c.limit());
      case GradientTransform.AdaClip c -> "AdaClip[decay=%s]".formatted(c.decay());
      case GradientTransform.AdaGN c ->
          "AdaGN[meanDecay=%s, squareDecay=%s, epsilon=%s, countsZeroNorms=%s]"
              .formatted(c.meanDecay(), c.squareDecay(), c.epsilon(), c.countsZeroNorms());
      case GradientTransform.Agc c ->
          "Agc[clipping=%s, epsilon=%s]".formatted(c.clipping(), c.epsilon());
      case GradientTransform.ZClip c ->
          "ZClip[decay=%s, threshold=%s, warmupSteps=%s]"
              .formatted(c.decay(), c.threshold(), c.warmupSteps());
    };
  }
}
