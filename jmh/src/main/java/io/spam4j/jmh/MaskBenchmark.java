package io.spam4j.jmh;

import io.spam4j.engine.internal.work.ParallelTasks;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Drawing the selection of a large tensor, in turn with a dense SPAM step on it.
 *
 * <pre>{@code ./spam4j jmh Mask}</pre>
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 5)
@Measurement(iterations = 1, time = 10) // one ratio of many pairs: memory's speed drifts
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
    })
@State(Scope.Benchmark)
public class MaskBenchmark {
  /** Elements of the one tensor. */
  @Param("67108864")
  long weights;

  /** 0 for all processors. */
  @Param("0")
  int threads;

  /** The share selected. */
  @Param({"0.0025", "0.02", "0.05", "0.2", "0.25", "0.5"})
  double density;

  /** At random, or the largest by magnitude. */
  @Param({"random", "largest"})
  String selection;

  private Contest contest;
  private long interval;

  /** JMH sets the fields up. */
  @SuppressWarnings("NullAway.Init")
  public MaskBenchmark() {}

  /** Allocates the tensor. */
  @Setup(Level.Trial)
  public void setUp() {
    contest = new Contest(weights, threads);
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() {
    contest.close();
  }

  /** A selection and a step; returns the bytes of the selection. */
  @Benchmark
  public long inTurn(Ratio ratio) {
    long dense = contest.step();
    long start = System.nanoTime();
    try (Arena arena = Arena.ofShared()) {
      long bytes = draw(arena).bytes();
      ratio.add(System.nanoTime() - start, dense);
      return bytes;
    }
  }

  Tensor weights() {
    return contest.weights();
  }

  IndexMask draw(Arena arena) {
    var parallel = new ParallelTasks(contest.threads());
    long count = (long) Math.floor(density * weights);
    if (selection.equals("largest")) {
      return IndexMask.largest(arena, contest.weights(), count, parallel);
    }
    Philox random = Philox.stream(1, "mask", interval++);
    return IndexMask.random(arena, weights, count, random, parallel);
  }
}
