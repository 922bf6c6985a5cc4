package io.spam4j.engine.internal.work;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Work on every piece of a plan, done by several threads that take units of it from a common
 * counter: many that follow each other at first, fewer and fewer towards the end. A thread's pieces
 * ascend. A run allocates nothing.
 *
 * @param <C> what a run is about: the same for all of its pieces
 */
public final class PlannedJob<C> {
  /** What is done with a piece; must not depend on which thread does it, or when. */
  @FunctionalInterface
  public interface Task<C> {
    /**
     * Does one piece: the elements {@code [from, to)} of a tensor.
     *
     * @param context of the run
     * @param participant the number of the thread, from 0
     */
    void run(C context, int tensor, long from, long to, int participant);
  }

  /** What is done with several tensors at once, each of them one piece. */
  @FunctionalInterface
  public interface Many<C> {
    /**
     * Does tensors from one on, as many as it can, so that nothing is left of them.
     *
     * @param from the number of the first
     * @param end behind the last that it may do
     * @return the first that is not done
     */
    int run(C context, int from, int end, int participant);
  }

  /*
   * Where two threads take turns in small steps, each of them fetches ahead what the other is about
   * to write. On cores that share no cache that cost a fifth of the speed.
   */
  private static final int TURNS = 4; // a thread at the least, of an even share of what is left

  /*
   * A loop that is called rarely, for long, is compiled from its middle, and starts each call in slow
   * code: so a call should not be a large part of a step.
   */
  private static final int MOST_JOINED = 16; // pieces

  private final WorkPlan plan;
  private final int participants;
  private final Task<C> task;
  private final @Nullable Many<C> many;
  private final boolean joins;
  private final AtomicInteger nextUnit = new AtomicInteger();
  private final WorkerPool.Job job = this::takePart;
  private @Nullable C context; // of the latest run

  /**
   * A job that can be run any number of times.
   *
   * @param threads the most threads it may run on; no more take part than there are units
   */
  public PlannedJob(WorkPlan plan, int threads, Task<C> task) {
    this(plan, threads, task, null, false);
  }

  private PlannedJob(
      WorkPlan plan, int threads, Task<C> task, @Nullable Many<C> many, boolean joins) {
    this.many = many;
    this.joins = joins;
    this.plan = plan;
    this.participants = Math.min(threads, plan.units());
    this.task = task;
  }

  /**
   * The same for a task that is given pieces of a tensor as one where it follows on, up to 16 of
   * them: a vector loop that is started anew for each is a tenth slower where memory is fast.
   */
  public static <C> PlannedJob<C> joining(WorkPlan plan, int threads, Task<C> task) {
    return new PlannedJob<>(plan, threads, task, null, true);
  }

  /** The same, where tensors of one piece each are given to {@code many} first, all that follow. */
  public static <C> PlannedJob<C> joining(WorkPlan plan, int threads, Task<C> task, Many<C> many) {
    return new PlannedJob<>(plan, threads, task, many, true);
  }

  /** Does all pieces and returns when they are done. */
  public void run(C context) {
    this.context = context;
    nextUnit.set(0);
    WorkerPool.run(job, participants);
  }

  private void takePart(int participant) {
    C ofRun = Objects.requireNonNull(context);
    int units = plan.units();
    while (true) {
      int first = nextUnit.get();
      if (first >= units) {
        return;
      }
      int end = first + Math.max(1, (units - first) / (TURNS * participants));
      if (nextUnit.compareAndSet(first, end)) {
        run(ofRun, first, end, participant);
      }
    }
  }

  /** How many pieces it did. */
  private int runMany(Many<C> all, C ofRun, int piece, int end, int participant) {
    if (piece == end) {
      return 0;
    }
    int tensor = plan.tensor(piece);
    return all.run(ofRun, tensor, tensor + end - piece, participant) - tensor;
  }

  private void run(C ofRun, int firstUnit, int endUnit, int participant) {
    int end = plan.firstPiece(endUnit);
    for (int piece = plan.firstPiece(firstUnit); piece < end; piece++) {
      if (many != null) {
        piece += runMany(many, ofRun, piece, Math.min(end, plan.wholeEnd(piece)), participant);
        if (piece == end) {
          return;
        }
      }
      int tensor = plan.tensor(piece);
      long from = plan.from(piece);
      int last = joins ? Math.min(end, piece + MOST_JOINED) - 1 : piece;
      while (piece < last && plan.tensor(piece + 1) == tensor) {
        piece++;
      }
      task.run(ofRun, tensor, from, plan.to(piece), participant);
    }
  }
}
