package io.spam4j.examples.training;

/** Hears how the lab gets on; called on the thread that runs it. */
public interface TrainingListener {
  /** Something worth a line, such as what was read. */
  void message(String line);

  /**
   * A run begins.
   *
   * @param run counted from 1
   * @param runs the runs there will be
   * @param done the steps of this run that an earlier session did
   * @param steps the steps of this run
   */
  void runStarted(String optimizer, boolean spiked, int run, int runs, int done, int steps);

  /**
   * A step is done.
   *
   * @param tokens the bytes this step trained on
   */
  void step(StepSample sample, long tokens);

  /** A run has ended, finished or stopped. */
  void runFinished(RunResult result);
}
