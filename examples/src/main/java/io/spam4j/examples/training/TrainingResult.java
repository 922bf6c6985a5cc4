package io.spam4j.examples.training;

import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.Words;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the training did.
 *
 * @param settings what was set or found, for display, in order
 * @param runs the runs that were started, in order
 * @param interrupted whether it was stopped before its end
 */
public record TrainingResult(
    Map<String, String> settings, List<RunResult> runs, boolean interrupted) {
  /** Takes copies. */
  public TrainingResult {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    runs = List.copyOf(runs);
  }

  /** The format in which optimizers kept their moments, such as {@code bf16}. */
  public String state() {
    return settings.getOrDefault(TrainingOption.STATE.name(), Words.of(MomentFormat.F32));
  }
}
