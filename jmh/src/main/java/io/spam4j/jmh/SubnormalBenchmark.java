package io.spam4j.jmh;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
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
 * A SPAM step whose moments are all subnormal, in turn with one whose moments are not. Spikes are
 * not clipped, because beside a second moment like that every usual gradient is one.
 *
 * <pre>{@code ./spam4j jmh Subnormal}</pre>
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 1, time = 10) // one ratio of many pairs: memory's speed drifts
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
    })
@State(Scope.Benchmark)
public class SubnormalBenchmark {
  private static final float[] SUBNORMAL = {1e-40f, 3e-40f};
  private static final float[] NORMAL = {1e-3f, 1e-5f};
  private static final int PIECE = 1 << 16;

  /** Elements of the one tensor: in memory, and in cache. */
  @Param({"67108864", "65536"})
  long weights;

  /** 0 for all processors. */
  @Param("0")
  int threads;

  /** Every element of the gradient: usual, zero, subnormal. */
  @Param({"1e-3", "0", "1e-40"})
  float gradient;

  private Arena arena;
  private Optimizer spam;
  private Gradients gradients;

  /** JMH sets the fields up. */
  @SuppressWarnings("NullAway.Init")
  public SubnormalBenchmark() {}

  /** Allocates everything. */
  @Setup(Level.Trial)
  public void setUp() {
    arena = Arena.ofShared();
    Tensor weight = Tensor.allocate(arena, DType.F32, weights);
    Tensor gradientTensor = Tensor.allocate(arena, DType.F32, weights);
    fill(gradientTensor.memory(), gradient);
    fill(weight.memory(), 0.02f);
    gradients = _ -> gradientTensor;
    spam =
        Spam.builder()
            .spikeThreshold(0)
            .resetInterval(0)
            .threads(threads == 0 ? OptimizerBuilder.defaultThreads() : threads)
            .build(List.of(new Parameter("w", weight)));
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() {
    spam.close();
    arena.close();
  }

  /** A step from normal moments and one from subnormal ones. */
  @Benchmark
  public StepReport inTurn(Ratio ratio) {
    long normal = step(NORMAL).nanos();
    StepReport report = step(SUBNORMAL);
    ratio.add(report.nanos(), normal);
    return report;
  }

  private StepReport step(float[] moments) {
    fill(first(), moments[0]);
    fill(spam.secondMoment("w").memory(), moments[1]);
    return spam.step(gradients);
  }

  MemorySegment first() {
    return spam.firstMoment("w").memory();
  }

  private static void fill(MemorySegment memory, float value) {
    long bytes = memory.byteSize();
    for (long i = 0; i < Math.min(PIECE, bytes); i += Float.BYTES) {
      memory.set(ValueLayout.JAVA_FLOAT, i, value);
    }
    for (long from = PIECE; from < bytes; from += PIECE) {
      MemorySegment.copy(memory, 0, memory, from, Math.min(PIECE, bytes - from));
    }
  }
}
