package io.spam4j.tensors.mask;

import io.spam4j.tensors.Parallel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Ways to run tasks that results must not depend on. */
final class Threads {
  private Threads() {}

  /** The last task first, on the calling thread. */
  static final Parallel BACKWARD =
      (tasks, task) -> {
        for (int i = tasks - 1; i >= 0; i--) {
          task.accept(i);
        }
      };

  /** Tasks taken in turn by three threads. */
  static final Parallel THREE =
      (tasks, task) -> {
        var next = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          threads.add(
              Thread.ofPlatform()
                  .start(
                      () -> {
                        for (int t = next.getAndIncrement();
                            t < tasks;
                            t = next.getAndIncrement()) {
                          task.accept(t);
                        }
                      }));
        }
        for (Thread thread : threads) {
          try {
            thread.join();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        }
      };
}
