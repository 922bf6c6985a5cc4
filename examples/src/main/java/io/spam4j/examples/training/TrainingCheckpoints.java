package io.spam4j.examples.training;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * Where the training keeps an unfinished session, and whether it continues one. Everything is in
 * {@code checkpoints} below the folder of the report: the settings, the results of finished runs,
 * and a checkpoint of the run at hand.
 *
 * @param folder of the report
 * @param every how many steps lie between two checkpoints of a run, 0 for never; empty for as in
 *     the session that is resumed, and never in a new one
 * @param resume whether to continue the session that is there
 */
public record TrainingCheckpoints(Path folder, OptionalInt every, boolean resume) {
  /** Checks the number of steps. */
  public TrainingCheckpoints {
    if (every.isPresent() && every.getAsInt() < 0) {
      throw new IllegalArgumentException(
          "checkpoint-every must not be negative: checkpoint-every=" + every.getAsInt());
    }
  }

  /**
   * Deletes what is kept of an unfinished session, once it is of no more use. Files that are not
   * the training's stay.
   *
   * @throws IOException if a file cannot be deleted
   */
  public void discard() throws IOException {
    SessionFolder.of(folder).discard();
  }
}
