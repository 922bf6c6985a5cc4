package io.spam4j.examples.training;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What must stay the same while a session of the training is continued, as it lies beside its runs.
 *
 * @param format of the files of a session, {@link #FORMAT}
 * @param checkpointEvery steps between two checkpoints, 0 for never
 * @param settings everything that results depend on, by the names of the options, as text
 */
record Session(int format, int checkpointEvery, Map<String, String> settings) {
  static final int FORMAT = 1;

  private static final String ABSENT = "none";

  /** Takes a copy. */
  Session {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
  }

  /** Every setting that is another in a later session, in words. */
  List<String> differences(Session later) {
    List<String> differences = new ArrayList<>();
    if (format != later.format) {
      differences.add("format: interrupted=%d, now=%d".formatted(format, later.format));
    }
    Set<String> names = new LinkedHashSet<>(settings.keySet());
    names.addAll(later.settings.keySet());
    for (String name : names) {
      String was = settings.getOrDefault(name, ABSENT);
      String is = later.settings.getOrDefault(name, ABSENT);
      if (!was.equals(is)) {
        differences.add("%s: interrupted=%s, now=%s".formatted(name, was, is));
      }
    }
    return differences;
  }
}
