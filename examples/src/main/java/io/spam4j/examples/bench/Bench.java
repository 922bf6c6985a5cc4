package io.spam4j.examples.bench;

import io.spam4j.engine.roofline.StreamLimit;
import io.spam4j.examples.bench.BenchReport.ArmResult;
import io.spam4j.examples.bench.BenchReport.Skipped;
import io.spam4j.examples.bench.arms.Arm;
import io.spam4j.examples.bench.arms.ArmRun;
import io.spam4j.examples.bench.arms.ArmUnavailableException;
import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.BenchSize;
import io.spam4j.examples.shell.Machine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Times arms in turn. In every round each arm of a size is timed once, right before or after its
 * limit, so that both see memory at the same speed. Libtorch's arms follow in rounds of their own,
 * with those that are compared with them: in turn with them others took up to twice their time in
 * some rounds.
 */
final class Bench {
  /* Shorter times are those of several steps: the clock and a cold cache would count. */
  private static final double SAMPLE_NANOS = 2e6;

  private static final long SETTLE_NANOS = 20_000_000;

  private static final int FEWEST_ROUNDS = 3;
  private static final int FEWEST_WARM_UPS = 10;
  private static final int LONGEST_WARM_UP = 10; // times the shortest

  private final BenchSettings settings;
  private final Consumer<String> progress;
  private final List<ArmResult> results = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();

  /**
   * Prepares.
   *
   * @param progress told what is being done
   */
  Bench(BenchSettings settings, Consumer<String> progress) {
    this.settings = settings;
    this.progress = progress;
  }

  /**
   * Times everything.
   *
   * @throws IllegalStateException if an arm computes something wrong
   */
  BenchReport run() {
    for (BenchSize size : settings.sizes()) {
      List<Arm> arms = settings.chosen(size);
      runUnlessEmpty(size, arms.stream().filter(arm -> !arm.isBesideLibtorch()).toList());
      runUnlessEmpty(size, arms.stream().filter(Arm::isBesideLibtorch).toList());
    }
    return report();
  }

  private void runUnlessEmpty(BenchSize size, List<Arm> arms) {
    if (!arms.isEmpty()) {
      run(size, arms);
    }
  }

  /** What came out so far. */
  BenchReport report() {
    return new BenchReport(Machine.here(), results, skipped);
  }

  /** Times arms on one size. */
  void run(BenchSize size, List<Arm> arms) {
    List<Contender> contenders = new ArrayList<>();
    try (var memory = new BenchMemory(size.elements(settings.weights()), size.threads())) {
      try {
        memory.allocateLimits(arms.stream().mapToDouble(a -> a.traffic().read()).max().orElse(0));
        // Before any warm-up: it moves weights far away, where they are rounded more coarsely.
        for (Arm arm : arms) {
          check(arm.name(size), arm, memory, contenders);
        }
        for (Contender contender : contenders) {
          progress.accept(contender.name + ": warms up");
          warmUp(contender);
        }
        contenders.forEach(Contender::sample); // once in turn, which is not counted
        contenders.forEach(contender -> contender.start(settings));
        for (int round = 0; round < settings.rounds(); round++) {
          progress.accept("%s: round %d of %d".formatted(size.id(), round + 1, settings.rounds()));
          for (Contender contender : contenders) {
            if (contender.takesPart(round, settings.rounds())) {
              settle();
              contender.sample();
            }
          }
        }
        contenders.forEach(contender -> results.add(contender.result(memory.weights())));
      } finally {
        contenders.forEach(contender -> contender.run.close());
      }
    }
  }

  /**
   * Waits until the threads of the arm before are asleep: libtorch's spin for some milliseconds. It
   * does not sleep itself: on a busy machine the system would favour what comes right after.
   */
  private static void settle() {
    long start = System.nanoTime();
    while (System.nanoTime() - start < SETTLE_NANOS) {
      Thread.onSpinWait();
    }
  }

  private void check(String name, Arm arm, BenchMemory memory, List<Contender> contenders) {
    progress.accept(name + ": checks");
    try {
      var contender = new Contender(name, arm, memory);
      contenders.add(contender); // so that it is closed, whatever happens
      contender.run.check();
    } catch (ArmUnavailableException e) {
      skipped.add(new Skipped(name, String.valueOf(e.getMessage())));
    }
  }

  /**
   * Runs an arm until it has had its time, and ten samples, and is no longer getting faster; but no
   * longer than ten times its time, nor, once its time is over, than three samples of a slow one.
   */
  private void warmUp(Contender contender) {
    long least = settings.warmUp().toNanos();
    long start = System.nanoTime();
    for (int sample = 1; ; sample++) {
      contender.sample();
      contender.calibrate();
      long took = System.nanoTime() - start;
      boolean slow = sample >= FEWEST_ROUNDS && took / sample > least / FEWEST_WARM_UPS;
      boolean enough = sample >= FEWEST_WARM_UPS && contender.steps.isSteady();
      if (took >= least && (slow || enough || took >= LONGEST_WARM_UP * least)) {
        return;
      }
    }
  }

  /** An arm, its limit and their times. */
  private static final class Contender {
    private final String name;
    private final Arm arm;
    private final ArmRun run;
    private final StreamLimit limit;
    private StepTimes steps = new StepTimes();
    private StepTimes limits = new StepTimes();
    private int stepsPerSample = 1;
    private int limitsPerSample = 1;
    private int rounds;

    Contender(String name, Arm arm, BenchMemory memory) throws ArmUnavailableException {
      this.name = name;
      this.arm = arm;
      limit = memory.limit(arm.traffic());
      run = arm.factory().open(memory);
    }

    /** Times both; which comes first changes from time to time. */
    void sample() {
      boolean limitFirst = steps.count() % 2 == 0;
      if (limitFirst) {
        limits.add(time(limit::run, limitsPerSample));
      }
      steps.add(time(run::step, stepsPerSample));
      if (!limitFirst) {
        limits.add(time(limit::run, limitsPerSample));
      }
    }

    /** Median nanoseconds; several runs of something short start with one that is not timed. */
    private static double time(Runnable work, int times) {
      if (times > 1) {
        work.run();
      }
      var measured = new StepTimes();
      for (int i = 0; i < times; i++) {
        long start = System.nanoTime();
        work.run();
        measured.add((double) (System.nanoTime() - start));
      }
      return measured.median();
    }

    void calibrate() {
      stepsPerSample = perSample(steps.median());
      limitsPerSample = perSample(limits.median());
    }

    private static int perSample(double nanos) {
      return (int) Math.min(10_000, Math.max(1, Math.ceil(SAMPLE_NANOS / Math.max(1, nanos))));
    }

    /** Forgets the warm-up, and decides how many rounds there is time for. */
    void start(BenchSettings settings) {
      double sample = steps.median() * stepsPerSample;
      double affordable = settings.budget().toNanos() / sample;
      rounds = (int) Math.min(settings.rounds(), Math.max(FEWEST_ROUNDS, affordable));
      steps = new StepTimes();
      limits = new StepTimes();
    }

    /** Spreads its rounds evenly over all. */
    boolean takesPart(int round, int all) {
      return (long) (round + 1) * rounds / all > (long) round * rounds / all;
    }

    ArmResult result(long weights) {
      double median = steps.median();
      double limitMedian = limits.median();
      return new ArmResult(
          name,
          weights,
          arm.traffic().bytes(),
          median,
          steps.spread(),
          limitMedian,
          median / limitMedian,
          steps.count(),
          stepsPerSample);
    }
  }
}
