package io.spam4j.engine.internal.work;

import io.spam4j.tensors.Parallel;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Runs independent tasks on the threads of the pool. */
public final class ParallelTasks implements Parallel {
  private final int threads;

  /** On at most so many threads, the caller's included. */
  public ParallelTasks(int threads) {
    this.threads = threads;
  }

  @Override
  public void run(int tasks, IntConsumer task) {
    if (tasks == 0) {
      return;
    }
    var next = new AtomicInteger();
    WorkerPool.run(
        _ -> {
          for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
            task.accept(i);
          }
        },
        Math.min(threads, tasks));
  }
}
