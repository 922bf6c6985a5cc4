package io.spam4j.examples.lab.protocol;

import java.util.Optional;

/** The results that are there. */
@FunctionalInterface
public interface Outcomes {
  /** What a run came to, if it has been run. */
  Optional<Outcome> of(RunSettings run);
}
