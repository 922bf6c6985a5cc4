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
   * @param tensors how many there are
   * @param parameters themselves; empty where only the kind of transform matters
   * @param keepsNonFinite whether coordinates that are not finite pass as they are
   * @param threads how many threads a step may run on
   */
  public static TransformLink of(
      GradientTransform transform,
      int tensors,
      List<Parameter> parameters,
      boolean keepsNonFinite,
      int threads) {
    return switch (transform) {
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
   * Transforms in their order, as checkpoints tell them. Files are compared by
   * these texts: they stay as they are, whatever becomes of the names in the code.
   */
  public static String text(List<GradientTransform> transforms) {
    return transforms.stream().map(TransformLinks::text).collect(Collectors.joining(", ", "[", "]"));
  }

  private static String text(GradientTransform transform) {
    return switch (transform) {
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
