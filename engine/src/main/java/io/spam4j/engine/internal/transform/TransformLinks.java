package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.decide.BetaSchedule;
import java.util.List;

/** Which link is which transform at work. */
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
}
