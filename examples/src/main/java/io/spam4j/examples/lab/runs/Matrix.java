package io.spam4j.examples.lab.runs;

import io.spam4j.examples.lab.protocol.Design;
import io.spam4j.examples.lab.protocol.RunSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Does the runs that designs need, several at once, until all are there: the next is always one
 * that nothing else has to be waited for. Which run is done when changes no digit.
 */
public final class Matrix {
  /** Hears of runs, on the threads that do them. */
  public interface Listener {
    /**
     * A run has ended and is kept.
     *
     * @param left how many more there will be at most
     */
    void ended(RunRecord run, int left);
  }

  private final Task task;
  private final List<Design> designs;
  private final RunStore store;
  private final Listener listener;

  // Guarded by this.
  private final Set<RunSettings> running = new HashSet<>();
  private boolean stopped;

  /** A matrix of some experiments on one task. */
  public Matrix(Task task, List<Design> designs, RunStore store, Listener listener) {
    this.task = task;
    this.designs = List.copyOf(designs);
    this.store = store;
    this.listener = listener;
  }

  /** How many runs are left at most; runs that several experiments share are counted for each. */
  public int left() {
    return designs.stream().mapToInt(design -> design.runsLeft(store)).sum();
  }

  /**
   * Does all runs that are not there.
   *
   * @param jobs runs at once
   * @param enough asked before each run: no other is begun once it is true
   * @param stop asked before each step: runs at hand are given up once it is true
   * @return whether all runs are there
   * @throws IOException if data cannot be read or a result cannot be written
   */
  public boolean run(int jobs, BooleanSupplier enough, BooleanSupplier stop) throws IOException {
    // One run at a time has a second thread for half of its work; several have the cores anyway.
    try (ExecutorService workers = executor(jobs, "lab");
        ExecutorService helpers = executor(1, "lab-helper")) {
      Executor helper = jobs == 1 ? helpers : Runnable::run;
      Trial trial = new Trial(task, helper, () -> stop.getAsBoolean() || isStopped());
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < jobs; i++) {
        all.add(
            workers.submit(() -> work(trial, () -> enough.getAsBoolean() || stop.getAsBoolean())));
      }
      for (Future<?> worker : all) {
        await(worker);
      }
    }
    return designs.stream().allMatch(design -> design.missing(store).isEmpty());
  }

  private static ExecutorService executor(int threads, String name) {
    return Executors.newFixedThreadPool(
        threads, Thread.ofPlatform().daemon().name(name + "-", 0).factory());
  }

  private static void await(Future<?> worker) throws IOException {
    try {
      worker.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the lab was interrupted", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failed -> throw failed;
        case RuntimeException failed -> throw failed;
        case Error failed -> throw failed;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  private @Nullable Object work(Trial trial, BooleanSupplier enough) throws IOException {
    boolean done = false;
    try {
      for (RunSettings next = next(enough); next != null; next = next(enough)) {
        end(next, trial.run(next));
      }
      done = true;
      return null;
    } finally {
      if (!done) {
        stopAll();
      }
    }
  }

  private synchronized void end(RunSettings run, Optional<RunRecord> record) throws IOException {
    running.remove(run);
    try {
      if (record.isPresent()) {
        store.add(record.get());
        listener.ended(record.get(), left());
      }
    } finally {
      notifyAll();
    }
  }

  private synchronized void stopAll() {
    stopped = true;
    notifyAll();
  }

  private synchronized boolean isStopped() {
    return stopped;
  }

  /** Waits for what others do where all that is missing depends on it; null when there is none. */
  private synchronized @Nullable RunSettings next(BooleanSupplier enough) throws IOException {
    while (!stopped && !enough.getAsBoolean()) {
      boolean missing = false;
      for (Design design : designs) {
        for (RunSettings run : design.missing(store)) {
          missing = true;
          if (running.add(run)) {
            return run;
          }
        }
      }
      if (!missing && running.isEmpty()) {
        return null;
      }
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("the lab was interrupted", e);
      }
    }
    return null;
  }
}
