package io.spam4j.engine.internal.decide;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.WeightRounding;
import java.util.Map;
import java.util.Set;

/** What goes with {@link MomentFormat#BF16_EMULATED}: what the SPAM authors' code can do. */
public final class EmulatedForms {
  /** Settings that the authors' class has too, or that decide which weights have moments. */
  private static final Set<String> FREE =
      Set.of(
          "resetInterval",
          "rewarmSteps",
          "spikeGraceSteps",
          "biasCorrection",
          "seed",
          "maskSelection",
          "moments",
          "weightRounding");

  private EmulatedForms() {}

  /**
   * Checks what holds for all parameters.
   *
   * @param settings all of them, as text
   * @throws IllegalArgumentException if one is not that of the authors' code
   */
  public static void require(AdamSettings adam, Map<String, String> settings) {
    AdamSettings reference = AdamPresets.spamReference();
    if (!adam.name.equals(reference.name)) {
      throw refusal("optimizer=" + adam.name);
    }
    Map<String, String> expected = reference.settings();
    expected.put("nonFinite", NonFinitePolicy.PROPAGATE.name());
    expected.put("transforms", "[]");
    expected.forEach(
        (name, value) -> {
          if (!FREE.contains(name) && !value.equals(settings.get(name))) {
            throw refusal("%s=%s, preset=%s".formatted(name, settings.get(name), value));
          }
        });
    if (adam.biasCorrection == BiasCorrection.SINCE_RESET) {
      throw refusal("biasCorrection=SINCE_RESET, preset=" + reference.biasCorrection);
    }
    if (adam.weightRounding != WeightRounding.NEAREST) {
      throw new IllegalArgumentException(
          "weightRounding must be NEAREST where moments are BF16_EMULATED: weightRounding="
              + adam.weightRounding);
    }
  }

  private static IllegalArgumentException refusal(String reason) {
    return new IllegalArgumentException(
        "moments can be BF16_EMULATED in Spam.Preset.REFERENCE alone, with its settings: "
            + reason);
  }
}
