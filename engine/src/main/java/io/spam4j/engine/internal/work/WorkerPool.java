package io.spam4j.engine.internal.work;

import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
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

  /* Of a monitor the machine itself lets go: a call to unlock is one that the stack may not allow. */
  private static final Object LOCK = new Object();
  private static Worker[] workers = {};
  private static volatile boolean callerSleeps; // or is about to

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
    synchronized (LOCK) {
      while (workers.length < participants - 1) {
        int started = workers.length;
        Worker[] more = Arrays.copyOf(workers, started + 1);
        more[started] = Worker.start(started + 1);
        workers = more;
      }
    }
  }

  /**
   * Runs a job on the calling thread and {@code participants - 1} others; returns when all are
   * done, also if it throws. A second caller waits. If participants throw, one of the exceptions is
   * thrown here, with those of the others as suppressed ones. A job that runs another one does that
   * alone.
   */
  static void run(Job job, int participants) {
    boolean isInRun = Thread.holdsLock(LOCK) || Thread.currentThread() instanceof Worker;
    if (participants == 1 || isInRun) {
      job.run(0);
      return;
    }
    synchronized (LOCK) {
      start(participants);
      run(job, workers, participants - 1);
    }
  }

  /*
   * Any call may be the one that the stack has no room for. So who is at work is never a count that
   * somebody has to keep: a worker is at work while it has a job. Workers are woken before they get
   * one, and from then on all that must happen are reads and writes of fields.
   */
  private static void run(Job job, Worker[] all, int count) {
    Throwable failure = null;
    try {
      for (int i = 0; i < count; i++) {
        all[i].summon(Thread.currentThread());
      }
      for (int i = 0; i < count; i++) {
        all[i].job = job;
      }
      job.run(0);
      for (int i = 0; i < count; i++) {
        await(all[i]);
      }
    } catch (Throwable e) { // thrown below, when no worker is at work any more
      failure = e;
    }
    callerSleeps = false;
    for (int i = 0; i < count; i++) {
      Worker worker = all[i];
      worker.isSummoned = false;
      while (worker.job != null) {} // only if something was thrown
    }
    // Nobody is at work any more: from here on a call may fail for want of stack.
    for (int i = 0; i < count; i++) {
      failure = joined(failure, all[i].failure);
    }
    if (failure != null) {
      WorkerPool.<RuntimeException>rethrow(failure);
    }
  }

  @SuppressWarnings("ReferenceEquality") // an exception cannot suppress itself
  private static @Nullable Throwable joined(@Nullable Throwable first, @Nullable Throwable other) {
    if (first == null) {
      return other;
    }
    if (other != null && other != first) {
      first.addSuppressed(other);
    }
    return first;
  }

  private static void await(Worker worker) {
    for (int spin = 0; worker.job != null; spin++) {
      if (spin < SPINS) {
        Thread.onSpinWait();
      } else {
        callerSleeps = true; // before it looks again
        if (worker.job != null) {
          LockSupport.park(WorkerPool.class);
        }
      }
    }
  }

  @SuppressWarnings("unchecked") // no job declares anything that is checked
  private static <T extends Throwable> void rethrow(Throwable failure) throws T {
    throw (T) failure;
  }

  private static final class Worker extends Thread {
    private final int participant;
    private volatile @Nullable Thread caller;

    /** Whether a job is about to come. */
    private volatile boolean isSummoned;

    /** What it works at; null once it is done. */
    private volatile @Nullable Job job;

    /** What its latest job threw. */
    private volatile @Nullable Throwable failure;

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

    /** Wakes it, to wait for a job. */
    void summon(Thread from) {
      caller = from;
      failure = null;
      isSummoned = true;
      LockSupport.unpark(this);
    }

    @Override
    public void run() {
      while (true) {
        Job next = awaitJob();
        try {
          next.run(participant);
        } catch (Throwable e) { // nobody is above this thread: the caller of run throws it
          failure = e;
        }
        Thread from = caller;
        job = null;
        if (callerSleeps) {
          LockSupport.unpark(from);
        }
      }
    }

    private Job awaitJob() {
      for (int spin = 0; ; spin++) {
        boolean waits = isSummoned; // read first: it is taken back after a job is given
        Job next = job;
        if (next != null) {
          isSummoned = false;
          return next;
        }
        if (spin < SPINS || waits) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(WorkerPool.class);
          // Closing an arena in the middle of a run can leave this behind: no park would wait then.
          boolean _ = Thread.interrupted();
        }
      }
    }
  }
}
