package io.spam4j.jmh;

import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
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
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The same steps on the CPU and on a GPU, each waited for. Where there is no GPU, its arms fail
 * with the reason, and the last line repeats it.
 *
 * <pre>{@code ./spam4j jmh Step}</pre>
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 5)
@Measurement(iterations = 1, time = 10) // one bandwidth of all steps
@Threads(1) // a GPU belongs to the thread that opened it
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
    })
@State(Scope.Benchmark)
public class StepBenchmark {
  /** Where the weights are, and the steps are done. */
  @Param({"cpu", "cuda"})
  String device;

  /** What is timed. */
  @Param({"adamw", "spam", "stablespam", "spam-d0.25"})
  String optimizer;

  /** Elements of the one tensor. */
  @Param("67108864")
  long weights;

  private StepArm arm;

  /** JMH sets the fields up. */
  @SuppressWarnings("NullAway.Init")
  public StepBenchmark() {}

  /** Allocates everything on the device. */
  @Setup(Level.Trial)
  public void setUp() {
    arm = StepArm.of(device, builder(optimizer), weights);
  }

  private static OptimizerBuilder<?> builder(String name) {
    return switch (name) {
      case "adamw" -> AdamW.builder();
      case "spam" -> Spam.builder();
      case "stablespam" -> StableSpam.builder();
      case "spam-d0.25" -> Spam.builder().density(0.25);
      default -> throw new IllegalArgumentException("no such optimizer: optimizer=" + name);
    };
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() {
    arm.close();
  }

  /** A step, until it is done. */
  @Benchmark
  public StepReport step(Bandwidth bandwidth) {
    StepReport report = arm.step();
    bandwidth.add(report);
    return report;
  }
}
