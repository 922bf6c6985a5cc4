package io.spam4j.jmh;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.SpikeAction;
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
 * Steps of other optimizers, each in turn with a dense SPAM step on the same tensor.
 *
 * <pre>{@code ./spam4j jmh Optimizers}</pre>
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
public class OptimizersBenchmark {
  /** Elements of the one tensor. */
  @Param("67108864")
  long weights;

  /** 0 for all processors. */
  @Param("0")
  int threads;

  /** What is timed. */
  @Param({
    "adamw",
    "adamw-globalnorm",
    "adamw-agc",
    "amsgrad",
    "spam-d0.25",
    "spam-d0.05",
    "spam-d0.0025",
    "spam-gaussian",
    "stablespam"
  })
  String optimizer;

  private Contest contest;
  private Optimizer contender;

  /** JMH sets the fields up. */
  @SuppressWarnings("NullAway.Init")
  public OptimizersBenchmark() {}

  /** Allocates both. */
  @Setup(Level.Trial)
  public void setUp() {
    contest = new Contest(weights, threads);
    contender = builder(optimizer).threads(contest.threads()).build(contest.parameters());
  }

  private static OptimizerBuilder<?> builder(String name) {
    return switch (name) {
      case "adamw" -> AdamW.builder();
      case "adamw-globalnorm" -> AdamW.builder().transforms(GradientTransform.globalNorm(1));
      case "adamw-agc" -> AdamW.builder().transforms(GradientTransform.agc());
      case "amsgrad" -> Adam.builder().amsgrad(true);
      case "spam-d0.25" -> Spam.builder().density(0.25);
      case "spam-d0.05" -> Spam.builder().density(0.05);
      case "spam-d0.0025" -> Spam.builder().density(0.0025);
      case "spam-gaussian" -> Spam.builder().spikeAction(SpikeAction.GAUSSIAN);
      case "stablespam" -> StableSpam.builder();
      default -> throw new IllegalArgumentException("no such optimizer: optimizer=" + name);
    };
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() {
    contender.close();
    contest.close();
  }

  /** A step of each. */
  @Benchmark
  public StepReport inTurn(Ratio ratio) {
    long dense = contest.step();
    StepReport report = contender.step(contest.gradients());
    ratio.add(report.nanos(), dense);
    return report;
  }
}
