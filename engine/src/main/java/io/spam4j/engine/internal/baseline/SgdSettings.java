package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.math.Ranges;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** What is the same for all parameters of SGD. */
public record SgdSettings(double momentum, double dampening, boolean nesterov) {
  /** The state of a momentum. */
  public static final String BUFFER = "momentum_buffer";

  public SgdSettings {
    Ranges.decay("momentum", momentum);
    Ranges.fraction("dampening", dampening);
    if (nesterov && (momentum == 0 || dampening != 0)) {
      throw new IllegalArgumentException(
          "nesterov needs momentum and no dampening: momentum=%s, dampening=%s"
              .formatted(momentum, dampening));
    }
  }

  /** Whether there is state. */
  public boolean hasBuffer() {
    return momentum != 0;
  }

  public SequencedMap<String, String> text() {
    SequencedMap<String, String> text = new LinkedHashMap<>();
    text.put("momentum", Double.toString(momentum));
    text.put("dampening", Double.toString(dampening));
    text.put("nesterov", Boolean.toString(nesterov));
    return text;
  }
}
