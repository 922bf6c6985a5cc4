package io.spam4j.examples.lab;

import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.Words;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the lab did.
 *
 * @param settings what was set or found, for display, in order
 * @param runs the runs that were started, in order
 * @param interrupted whether the lab was stopped before its end
 */
public record LabResult(Map<String, String> settings, List<RunResult> runs, boolean interrupted) {
  /** Takes copies. */
  public LabResult {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    runs = List.copyOf(runs);
  }

  /** The format in which optimizers kept their moments, such as {@code bf16}. */
  public String state() {
    return settings.getOrDefault(LabOption.STATE.name(), Words.of(MomentFormat.F32));
  }
}
