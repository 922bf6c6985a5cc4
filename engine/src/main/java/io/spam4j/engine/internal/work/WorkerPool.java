package io.spam4j.engine.internal.work;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The process-wide pool: daemon threads, started on first use, that help one job at a time. A job
 * is one wake-up; it divides its own work. After the threads are started a run allocates nothing.
 */
public final class WorkerPool {
  /** Work that several threads do together. */
  @FunctionalInterface
  interface Job {
    /**
     * Takes part until no work is left.
     *
     * @param participant 0 for the calling thread, then 1, 2, ...
     */
    void run(int participant);
  }

  /** The property that sets the default number of threads a step runs on. */
  public static final String PROPERTY = "spam4j.threads";

  /* Steps of a small model follow each other within microseconds: a short spin saves the wake-up. */
  private static final int SPINS = 200;

  private static final ReentrantLock LOCK = new ReentrantLock();
  private static final List<Worker> WORKERS = new ArrayList<>();
  private static final AtomicInteger PENDING = new AtomicInteger();
  private static final AtomicReference<@Nullable Throwable> FAILURE = new AtomicReference<>();

  private WorkerPool() {}

  /**
   * The number of threads a step runs on unless told otherwise: the property {@code
   * spam4j.threads}, or the processors of the machine.
   *
   * @throws IllegalArgumentException if the property is no positive number
   */
  public static int defaultThreads() {
    String asked = System.getProperty(PROPERTY);
    if (asked == null) {
      return Runtime.getRuntime().availableProcessors();
    }
    if (!asked.matches("[1-9][0-9]{0,3}")) {
      throw new IllegalArgumentException(
          PROPERTY + " must be a number from 1 to 9999: " + PROPERTY + "=" + asked);
    }
    return Integer.parseInt(asked);
  }

  /**
   * Starts the threads that jobs of so many participants need, which the first job would do else.
   *
   * @throws OutOfMemoryError if the machine has no more threads
   */
  public static void start(int participants) {
    LOCK.lock();
    try {
      while (WORKERS.size() < participants - 1) {
        WORKERS.add(Worker.start(WORKERS.size() + 1));
      }
    } finally {
      LOCK.unlock();
    }
  }

  /**
   * Runs a job on the calling thread and {@code participants - 1} others; returns when all are
   * done. A second caller waits. If participants throw, one of the exceptions is thrown here.
   */
  static void run(Job job, int participants) {
    if (participants == 1) {
      job.run(0);
      return;
    }
    LOCK.lock();
    try {
      start(participants);
      PENDING.set(participants - 1);
      for (int i = 0; i < participants - 1; i++) {
        WORKERS.get(i).assign(job, Thread.currentThread());
      }
      takePart(job, 0);
      for (int spin = 0; PENDING.get() > 0; spin++) {
        if (spin < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(WorkerPool.class);
        }
      }
      Throwable failure = FAILURE.getAndSet(null);
      if (failure instanceof Error e) {
        throw e;
      }
      if (failure != null) {
        throw (RuntimeException) failure;
      }
    } finally {
      LOCK.unlock();
    }
  }

  private static void takePart(Job job, int participant) {
    try {
      job.run(participant);
    } catch (RuntimeException | Error e) {
      FAILURE.compareAndSet(null, e); // thrown again by the caller of run
    }
  }

  private static final class Worker extends Thread {
    private final int participant;
    private @Nullable Thread caller;

    private volatile @Nullable Job job;

    private Worker(int participant) {
      super("spam4j-" + participant);
      this.participant = participant;
      setDaemon(true);
    }

    static Worker start(int participant) {
      var worker = new Worker(participant);
      worker.start();
      return worker;
    }

    void assign(Job next, Thread from) {
      caller = from;
      job = next; // publishes the caller too
      LockSupport.unpark(this);
    }

    @Override
    public void run() {
      while (true) {
        Job next = awaitJob();
        Thread from = caller;
        job = null;
        takePart(next, participant);
        if (PENDING.decrementAndGet() == 0) {
          LockSupport.unpark(from);
        }
      }
    }

    private Job awaitJob() {
      for (int spin = 0; ; spin++) {
        Job next = job;
        if (next != null) {
          return next;
        }
        if (spin < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(WorkerPool.class);
        }
      }
    }
  }
}
