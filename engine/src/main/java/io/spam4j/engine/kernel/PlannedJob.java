package io.spam4j.engine.kernel;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Work on every piece of a plan, done by several threads that take units of it from a common
 * counter. A run allocates nothing.
 */
public final class PlannedJob {
  /** What is done with a piece; must not depend on which thread does it, or when. */
  @FunctionalInterface
  public interface Task {
    /**
     * Does one piece: the elements {@code [from, to)} of a tensor.
     *
     * @param participant the number of the thread, from 0
     */
    void run(int tensor, long from, long to, int participant);
  }

  private final WorkPlan plan;
  private final int participants;
  private final Task task;
  private final AtomicInteger nextUnit = new AtomicInteger();
  private final WorkerPool.Job job = this::takePart;

  /**
   * A job that can be run any number of times.
   *
   * @param threads the most threads it may run on; no more take part than there are units
   */
  public PlannedJob(WorkPlan plan, int threads, Task task) {
    this.plan = plan;
    this.participants = Math.min(threads, plan.units());
    this.task = task;
  }

  /** Does all pieces and returns when they are done. */
  public void run() {
    nextUnit.set(0);
    WorkerPool.run(job, participants);
  }

  private void takePart(int participant) {
    int units = plan.units();
    for (int unit = nextUnit.getAndIncrement(); unit < units; unit = nextUnit.getAndIncrement()) {
      for (int piece = plan.firstPiece(unit); piece < plan.firstPiece(unit + 1); piece++) {
        task.run(plan.tensor(piece), plan.from(piece), plan.to(piece), participant);
      }
    }
  }
}
