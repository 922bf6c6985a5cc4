package io.spam4j.jmh;

import io.spam4j.examples.bench.arms.ArmRun;
import io.spam4j.examples.bench.arms.ArmUnavailableException;
import io.spam4j.examples.bench.arms.Arms;
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
 * The arms of {@code ./spam4j bench}, each in a process of its own. Where the speed of memory
 * drifts, only the ratios of that command mean something.
 *
 * <pre>{@code ./spam4j jmh BenchArms -p arm=spam-f32,limit}</pre>
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 10, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
    })
@State(Scope.Benchmark)
public class BenchArms {
  /** Weights of the large tensor; the other sizes shrink to about as many. */
  @Param("67108864")
  long weights;

  /** What is timed. */
  @Param({
    "limit",
    "adamw-f32",
    "spam-f32",
    "stablespam-f32",
    "spam-f32-spiky0.1",
    "spam-f32-spiky1",
    "spam-f32-spiky50",
    "spam-f32-spiky100",
    "spam-f32-d0.25",
    "spam-f32-d0.05",
    "spam-f32-d0.0025",
    "spam-f32-d0.25-lines32",
    "spam-f32-d0.05-lines32",
    "spam-f32-d0.01-lines32",
    "spam-f32-d0.25-lines256",
    "spam-f32-d0.05-lines256",
    "spam-f32-d0.01-lines256",
    "spam-bf16-f32m",
    "spam-f32-int8m",
    "spam-bf16-sr",
    "lion-f32",
    "sgd-f32",
    "sgd-plain-f32",
    "amsgrad-f32",
    "adammini-f32",
    "adafactor-f32",
    "lion-bf16",
    "sgd-bf16",
    "agc-f32",
    "plain-java",
    "separate-passes",
    "adamw-f32-beside-torch",
    "adamw-bf16-sr-beside-torch",
    "torch-adamw",
    "torch-fused-adamw",
    "torch-fused-adamw-bf16",
    "torch-spam-ops",
    "torch-stablespam-ops",
    "limit-llama60m",
    "adamw-f32-llama60m",
    "spam-f32-llama60m",
    "stablespam-f32-llama60m",
    "adamw-f32-beside-torch-llama60m",
    "torch-adamw-llama60m",
    "torch-fused-adamw-llama60m",
    "torch-spam-ops-llama60m",
    "torch-stablespam-ops-llama60m",
    "spam-f32-million",
    "spam-f32-many",
    "spam-f32-index-many",
    "spam-f32-1thread-many",
    "spam-f32-index-1thread-many",
    "limit-cached",
    "adamw-f32-cached",
    "spam-f32-cached",
    "stablespam-f32-cached",
    "spam-f32-spiky0.1-cached",
    "spam-f32-spiky1-cached",
    "spam-f32-spiky50-cached",
    "spam-f32-spiky100-cached",
    "spam-bf16-f32m-cached",
    "spam-f32-int8m-cached",
    "spam-bf16-sr-cached",
    "lion-f32-cached",
    "sgd-f32-cached",
    "sgd-plain-f32-cached",
    "amsgrad-f32-cached",
    "adammini-f32-cached",
    "adafactor-f32-cached",
    "lion-bf16-cached",
    "sgd-bf16-cached",
    "agc-f32-cached",
    "c-loop-cached",
    "plain-java-cached",
    "separate-passes-cached",
    "adamw-f32-beside-torch-cached",
    "adamw-bf16-sr-beside-torch-cached",
    "torch-adamw-cached",
    "torch-fused-adamw-cached",
    "torch-fused-adamw-bf16-cached",
    "torch-spam-ops-cached",
    "torch-stablespam-ops-cached"
  })
  String arm;

  private ArmRun run;

  /** JMH sets the fields up. */
  @SuppressWarnings("NullAway.Init")
  public BenchArms() {}

  /**
   * Allocates the arm and checks what it does.
   *
   * @throws ArmUnavailableException if this machine cannot run it
   */
  @Setup(Level.Trial)
  public void setUp() throws ArmUnavailableException {
    run = Arms.open(arm, weights);
    run.check();
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() {
    run.close();
  }

  /** A step. */
  @Benchmark
  public void step() {
    run.step();
  }
}
