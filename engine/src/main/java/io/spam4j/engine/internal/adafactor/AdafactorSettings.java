package io.spam4j.engine.internal.adafactor;

import io.spam4j.engine.internal.math.Ranges;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** What is the same for all parameters. */
public record AdafactorSettings(
    double epsilon1,
    double epsilon2,
    double clipThreshold,
    double decayRate,
    double beta1,
    boolean scaleParameter) {
  public AdafactorSettings {
    Ranges.floatNotNegative("epsilon1", epsilon1);
    Ranges.floatNotNegative("epsilon2", epsilon2);
    Ranges.positive("clipThreshold", clipThreshold);
    if (!(decayRate <= 0) || decayRate == Double.NEGATIVE_INFINITY) {
      throw new IllegalArgumentException(
          "decayRate must be finite and not positive: decayRate=" + decayRate);
    }
    Ranges.decay("beta1", beta1);
  }

  public SequencedMap<String, String> text() {
    SequencedMap<String, String> text = new LinkedHashMap<>();
    text.put("epsilon1", Double.toString(epsilon1));
    text.put("epsilon2", Double.toString(epsilon2));
    text.put("clipThreshold", Double.toString(clipThreshold));
    text.put("decayRate", Double.toString(decayRate));
    text.put("beta1", Double.toString(beta1));
    text.put("scaleParameter", Boolean.toString(scaleParameter));
    return text;
  }
}
