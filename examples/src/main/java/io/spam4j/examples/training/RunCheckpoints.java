package io.spam4j.examples.training;

import io.spam4j.engine.Optimizer;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a session keeps of its runs, and what it finds of an earlier one's. */
final class RunCheckpoints {
  private final @Nullable SessionFolder folder;
  private final int every;

  private RunCheckpoints(@Nullable SessionFolder folder, int every) {
    this.folder = folder;
    this.every = every;
  }

  /** Keeps nothing, finds nothing. */
  static RunCheckpoints none() {
    return new RunCheckpoints(null, 0);
  }

  /**
   * Continues a session, or begins one; what is there of an older one is then discarded.
   *
   * @param settings everything that results depend on
   * @param listener told of what is continued or discarded
   * @throws IllegalArgumentException if there is nothing to resume, or with other settings
   */
  static RunCheckpoints open(
      TrainingCheckpoints plan, Map<String, String> settings, TrainingListener listener)
      throws IOException {
    SessionFolder folder = SessionFolder.of(plan.folder());
    Optional<Session> earlier = folder.session();
    if (plan.resume()) {
      Session found =
          earlier.orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "there is nothing to resume, start without --resume: folder=" + folder));
      int every = plan.every().orElse(found.checkpointEvery());
      Session now = new Session(Session.FORMAT, every, settings);
      requireSame(folder, found.differences(now));
      if (every != found.checkpointEvery()) {
        folder.write(now);
      }
      listener.message("resuming: folder=" + folder);
      return new RunCheckpoints(folder, every);
    }
    if (earlier.isPresent()) {
      listener.message(
          "starting over: the unfinished session is discarded, --resume would have continued it:"
              + " folder="
              + folder);
    }
    folder.discard();
    int every = plan.every().orElse(0);
    if (every == 0) {
      return none();
    }
    folder.write(new Session(Session.FORMAT, every, settings));
    return new RunCheckpoints(folder, every);
  }

  private static void requireSame(SessionFolder folder, List<String> differences) {
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          "settings must be those of the interrupted session, or start over without --resume:"
              + " folder=%s\n  %s".formatted(folder, String.join("\n  ", differences)));
    }
  }

  /** Whether there is something to resume if this session stops. */
  boolean isKeeping() {
    return folder != null;
  }

  /** The result of a run, if an earlier session finished it. */
  Optional<RunResult> result(RunName run) throws IOException {
    return folder == null ? Optional.empty() : folder.result(run);
  }

  /** How far an earlier session came. */
  RunProgress progress(RunName run) throws IOException {
    return folder == null ? RunProgress.START : folder.progress(run);
  }

  /** Whether a checkpoint is due after so many steps. */
  boolean isDue(int steps) {
    return every > 0 && steps > 0 && steps % every == 0;
  }

  /** Brings weights and optimizer to where {@link #progress} says. */
  void load(RunName run, Optimizer optimizer) throws IOException {
    if (folder != null) {
      folder.load(run, optimizer);
    }
  }

  /** Saves an unfinished run. */
  void save(RunName run, RunProgress progress, Optimizer optimizer) throws IOException {
    if (folder != null) {
      folder.save(run, progress, optimizer);
    }
  }

  /** Keeps the result of a finished run. */
  void keep(RunName run, RunResult result) throws IOException {
    if (folder != null) {
      folder.keep(run, result);
    }
  }
}
