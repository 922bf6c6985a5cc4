package io.spam4j.tensors.internal.simd;

import java.lang.System.Logger.Level;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Whether a vector loop is worth calling. Until the JVM has compiled it each of its operations is a
 * call that makes objects, thousands of times slower than the scalar form, which has the same bits
 * and is compiled at once. So whoever wants the loop asks here first, and takes the scalar form
 * while the answer is no: the first question lets a thread in the background call the loop, on
 * memory of its own, until calls are as short as those of compiled code.
 *
 * <p>Where that never happens, in a JVM that only interprets for instance, the answer stays no.
 */
public final class Readiness {
  /** The property that, if false, makes every loop ready from the start: for tests of loops. */
  public static final String PROPERTY = "spam4j.vector.warmUp";

  /** Elements of an exercise that is called once: few, so that calls soon are many. */
  public static final int ELEMENTS = 256;

  private static final boolean WARMS_UP =
      !System.getProperty(PROPERTY, "true").equals("false") && VectorMode.VECTORS;

  /** What the compiler has for the scalar forms alone: a small model's first hundred steps. */
  private static final int SCALAR_FIRST_MILLIS = 150;

  private static final int FAST_CALLS = 50;
  private static final long LONGEST_NANOS = 20_000_000_000L;

  private static final BlockingQueue<Readiness> ASKED = new LinkedBlockingQueue<>();
  private static final AtomicBoolean IS_STARTED = new AtomicBoolean();

  private final String name;
  private final Supplier<Runnable> exercise;
  private final long fastNanos;
  private final AtomicBoolean isAsked = new AtomicBoolean();
  private volatile boolean isReady;

  /**
   * Of a loop that nobody has asked for.
   *
   * @param name for the log
   * @param exercise makes, in the background, what calls the loop as it is called in use, the rare
   *     exits included
   * @param fastNanos what a call takes at most once it is compiled, nanoseconds: half way, in
   *     orders of magnitude, between compiled code and code that is not
   */
  public Readiness(String name, Supplier<Runnable> exercise, long fastNanos) {
    this.name = name;
    this.exercise = exercise;
    this.fastNanos = fastNanos;
  }

  /** Whether the loop is ready; starts to make it so if nobody has asked before. */
  public boolean get() {
    return isReady || ask();
  }

  private boolean ask() {
    if (!WARMS_UP) {
      makeReady();
    } else if (isAsked.compareAndSet(false, true)) {
      ASKED.add(this);
      start();
    }
    return isReady;
  }

  private synchronized void makeReady() {
    if (!isReady) {
      Runnable _ = exercise.get(); // which makes the loop itself
      isReady = true;
    }
  }

  private static void start() {
    if (IS_STARTED.compareAndSet(false, true)) {
      var thread = new Thread(Readiness::warmUpAll, "spam4j-warm-up");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private static void warmUpAll() {
    try {
      Thread.sleep(SCALAR_FIRST_MILLIS);
      while (true) {
        ASKED.take().warmUp();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // by whom? Loops that are not ready stay so
    }
  }

  private void warmUp() {
    System.Logger log = System.getLogger("io.spam4j.vector");
    long start = System.nanoTime();
    try {
      Runnable calls = exercise.get();
      int fast = 0;
      while (fast < FAST_CALLS && System.nanoTime() - start < LONGEST_NANOS) {
        long before = System.nanoTime();
        calls.run();
        fast += System.nanoTime() - before <= fastNanos ? 1 : 0;
      }
      isReady = fast == FAST_CALLS;
    } catch (RuntimeException | Error e) { // of memory for the most part: the scalar form stays
      log.log(Level.WARNING, "vector loop stays scalar: " + name, e);
      return;
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    log.log(Level.DEBUG, "vector loop: {0}, ready: {1}, after {2} ms", name, isReady, millis);
  }
}
