package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.decide.BetaSchedule;
import java.util.List;
import java.util.stream.Collectors;

/** Which link is which transform at work, and what checkpoints say of it. */
public final class TransformLinks {
  private TransformLinks() {}

  /**
   * A transform at work.
   *
   * @param names of the tensors
   * @param parameters themselves; empty where only the kind of transform matters
   * @param keepsNonFinite whether coordinates that are not finite pass as they are
   * @param threads how many threads a step may run on
   */
  public static TransformLink of(
      GradientTransform transform,
      List<String> names,
      List<Parameter> parameters,
      boolean keepsNonFinite,
      int threads) {
    int tensors = names.size();
    return switch (transform) {
      case GradientTransform.Some c -> {
        TransformLink link = of(c.transform(), names, parameters, keepsNonFinite, threads);
        link.spare(i -> !c.isFor(names.get(i)));
        yield link;
      }
      case GradientTransform.Scale c -> new ScaleLink(c, tensors, keepsNonFinite);
      case GradientTransform.GlobalNorm c -> new GlobalNormLink(c, tensors, keepsNonFinite);
      case GradientTransform.ZClip c -> new ZClipLink(c, tensors, keepsNonFinite);
      case GradientTransform.Value c -> new ValueLink(c, tensors, keepsNonFinite);
      case GradientTransform.AdaClip c ->
          new AdaClipLink(c, HistoryCounter.OWN, tensors, keepsNonFinite);
      case GradientTransform.AdaGN c ->
          new AdaGnLink(c, HistoryCounter.OWN, BetaSchedule.NONE, tensors, keepsNonFinite);
      case GradientTransform.Agc c -> new AgcLink(c, parameters, keepsNonFinite, threads);
    };
  }

  /**
   * Transforms in their order, as checkpoints tell them. Files are compared by these texts: they
   * stay as they are, whatever becomes of the names in the code.
   */
  public static String text(List<GradientTransform> transforms) {
    return transforms.stream()
        .map(TransformLinks::text)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private static String text(GradientTransform transform) {
    return switch (transform) {
      case GradientTransform.Some c -> {
        String all = text(c.transform());
        String names =
            c.patterns().stream().map(TransformLinks::escaped).collect(Collectors.joining("|"));
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

  /** A pattern without what separates texts. */
  private static String escaped(String pattern) {
    return pattern
        .replace("%", "%25")
        .replace("[", "%5B")
        .replace("]", "%5D")
        .replace("|", "%7C")
        .replace(",", "%2C");
  }
}
