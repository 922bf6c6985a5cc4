package io.spam4j.tensors;

import java.util.function.IntConsumer;

/**
 * Threads that the caller lends for one piece of work, cut into tasks. This module starts no
 * threads; what it computes never depends on the ones it is lent.
 */
@FunctionalInterface
public interface Parallel {
  /** One task after the other, on the calling thread. */
  Parallel SEQUENTIAL =
      (tasks, task) -> {
        for (int i = 0; i < tasks; i++) {
          task.accept(i);
        }
      };

  /**
   * Calls {@code task} once with each number from 0 to {@code tasks - 1}, in any order and on any
   * threads, and returns when no call is running any more. The calling thread then sees what the
   * calls wrote. If calls throw, this throws the exception of one of them.
   *
   * @param tasks how many; 0 is allowed
   */
  void run(int tasks, IntConsumer task);
}
