package io.spam4j.examples.lab.runs;

import io.spam4j.examples.lab.protocol.RunSettings;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * A model and its data, which the lab trains again and again: implement it, and {@link TaskModel},
 * to ask whether SPAM helps on yours.
 *
 * <p>A run must depend on its settings alone: everything else that changes a digit, such as the
 * data's checksum, the model's size or the batch, is to be among {@link #settings}.
 */
public interface Task {
  /** What runs of this task are told apart by, each name beginning with {@code task.}. */
  Map<String, String> settings();

  /**
   * Whether a weight is a projection: those have the learning rate itself, the others {@code ratio}
   * times it, and sparse momentum selects from them.
   */
  boolean isProjection(String parameter);

  /**
   * A model as it is before its first step.
   *
   * @param run all settings of the run; {@link RunSettings#SEED} is of the initial weights and the
   *     batches
   * @param helper runs something beside the caller, or at once on the caller's thread; digits must
   *     not depend on which
   * @throws IOException if data cannot be read
   * @throws IllegalArgumentException if a setting of the task is refused
   */
  TaskModel open(RunSettings run, Executor helper) throws IOException;
}
