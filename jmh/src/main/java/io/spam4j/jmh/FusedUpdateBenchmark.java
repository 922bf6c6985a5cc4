package io.spam4j.jmh;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.roofline.StreamLoops;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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
 * A whole step of SPAM and of AdamW beside the stream that moves the same bytes.
 *
 * <pre>{@code ./spam4j jmh FusedUpdate}</pre>
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 10, time = 2) // memory is shared with other machines: take many, not long
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
    })
@State(Scope.Benchmark)
public class FusedUpdateBenchmark {
  /** In memory; and in cache. */
  @Param({"67108864", "65536"})
  long weights;

  /** 0 for all processors. */
  @Param("0")
  int threads;

  private final Arena arena = Arena.ofShared();
  private int zero = 0; // not final, so that the compiler does not know it
  private Tensor parameter;
  private Tensor gradient;
  private Gradients gradients;
  private Optimizer spam;
  private Optimizer adamW;
  private PlannedJob<FusedUpdateBenchmark> stream;

  /** JMH sets the fields up. */
  @SuppressWarnings("NullAway.Init")
  public FusedUpdateBenchmark() {}

  /** Allocates weights, a gradient that stays the same, and two optimizers. */
  @Setup(Level.Trial)
  public void setUp() {
    int wanted = threads == 0 ? OptimizerBuilder.defaultThreads() : threads;
    parameter = Tensor.allocate(arena, DType.F32, weights);
    gradient = Tensor.allocate(arena, DType.F32, weights);
    Philox random = Philox.stream(1, "benchmark", 0);
    for (long i = 0; i < weights; i++) {
      gradient.setFloat(i, random.uniform(i) - 0.5f);
    }
    gradients = _ -> gradient;
    List<Parameter> parameters = List.of(new Parameter("w", parameter));
    spam = Spam.builder().threads(wanted).build(parameters);
    adamW = AdamW.builder().threads(wanted).build(parameters);
    stream =
        new PlannedJob<>(WorkPlan.of(new long[] {weights}), wanted, FusedUpdateBenchmark::pass);
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() {
    spam.close();
    adamW.close();
    arena.close();
  }

  /** The limit: four streams read, three written, nothing computed. */
  @Benchmark
  public Tensor limit() {
    stream.run(this);
    return parameter;
  }

  /** Both in turn: where the speed of memory drifts, only their ratio means something. */
  @Benchmark
  @Measurement(iterations = 1, time = 20)
  public StepReport spamAndLimit(Pair pair) {
    long start = System.nanoTime();
    limit();
    pair.limitNanos += System.nanoTime() - start;
    StepReport report = spam();
    pair.stepNanos += report.nanos();
    return report;
  }

  /** The times of {@link #spamAndLimit}, over one iteration. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Pair {
    private long limitNanos;
    private long stepNanos;

    /** Starts an iteration. */
    @Setup(Level.Iteration)
    public void clear() {
      limitNanos = 0;
      stepNanos = 0;
    }

    /** The time of a step as a multiple of the stream's. */
    public double stepOverLimit() {
      return (double) stepNanos / limitNanos;
    }
  }

  private void pass(int tensor, long from, long to, int participant) {
    MemorySegment m = spam.firstMoment("w").memory();
    MemorySegment v = spam.secondMoment("w").memory();
    StreamLoops.apply(parameter.memory(), gradient.memory(), m, v, from, to, zero);
  }

  /** A step of SPAM with its defaults. */
  @Benchmark
  public StepReport spam() {
    return spam.step(gradients);
  }

  /** A step of AdamW with its defaults. */
  @Benchmark
  public StepReport adamW() {
    return adamW.step(gradients);
  }
}
