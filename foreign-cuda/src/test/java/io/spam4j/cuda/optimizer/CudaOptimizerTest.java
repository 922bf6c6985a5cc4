package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Mode;
import io.spam4j.cuda.internal.twins.OptimizerCase;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every optimizer on the stand-in gives the CPU's bits, and the CPU's reports. */
final class CudaOptimizerTest {
  private static final int STEPS = 200;
  private static final int FEW = OptimizerCase.RESET_INTERVAL + 5;
  private static final Set<String> BOTH = Set.of("spam", "sparse", "stable-spam");

  /** Every kind over many steps, launched one way or the other; a few of them both ways. */
  private static Stream<Arguments> longRuns() {
    List<Arguments> runs = new ArrayList<>();
    for (OptimizerCase of : OptimizerCase.ALL) {
      Launching first = runs.size() % 2 == 0 ? Launching.GRAPH : Launching.KERNELS;
      runs.add(Arguments.of(of, first));
      if (BOTH.contains(of.name())) {
        runs.add(Arguments.of(of, other(first)));
      }
    }
    return runs.stream();
  }

  /** The other way, across one reset. */
  private static Stream<Arguments> shortRuns() {
    return longRuns()
        .map(Arguments::get)
        .filter(run -> !BOTH.contains(((OptimizerCase) run[0]).name()))
        .map(run -> Arguments.of(run[0], other((Launching) run[1])));
  }

  /** What else a device can do of the engine's table, across one reset. */
  private static Stream<OptimizerCase> others() {
    Set<String> names =
        OptimizerCase.ALL.stream().map(OptimizerCase::name).collect(Collectors.toSet());
    return OptimizerCases.floats()
        .filter(of -> !of.has(Trait.CPU_ONLY) && !names.contains(of.name()))
        .map(of -> new OptimizerCase(of.name(), () -> of.builder(OptimizerCase.RESET_INTERVAL)));
  }

  @Test
  void selfTest_hasTheNamesOfTheTable() {
    assertThat(OptimizerCases.all().map(of -> of.name()))
        .containsAll(OptimizerCase.ALL.stream().map(OptimizerCase::name).toList());
  }

  private static Launching other(Launching launching) {
    return launching == Launching.GRAPH ? Launching.KERNELS : Launching.GRAPH;
  }

  @ParameterizedTest
  @MethodSource("longRuns")
  void optimizer_givesTheBitsOfTheCpu(OptimizerCase of, Launching launching) {
    run(of, launching, Mode.LAZY, STEPS);
  }

  @ParameterizedTest
  @MethodSource("shortRuns")
  void optimizer_launchedTheOtherWay(OptimizerCase of, Launching launching) {
    run(of, launching, Mode.LAZY, FEW);
  }

  @ParameterizedTest
  @MethodSource("others")
  void optimizer_ofTheTable_givesTheBitsOfTheCpu(OptimizerCase of) {
    run(of, Launching.GRAPH, Mode.LAZY, FEW);
  }

  @ParameterizedTest
  @EnumSource(names = {"EAGER", "RACES"})
  void optimizer_givesTheBitsOfTheCpu(Mode mode) {
    for (String name :
        List.of("adamw-amsgrad-sparse", "sparse-keep", "skip-step", "stable-spam", "z-clip")) {
      run(OptimizerCase.named(name), Launching.GRAPH, mode, FEW);
    }
  }

  private static void run(OptimizerCase of, Launching launching, Mode mode, int steps) {
    try (StandInDevice standIn = StandInDevice.open(mode);
        TwinRun run = new TwinRun(standIn.device(), standIn.stream(), of, launching)) {
      for (int t = 0; t < steps; t++) {
        run.step(t);
        if (t % 10 == 9 || t < 10) {
          run.compare();
        }
      }
    }
  }

  @Test
  void sparse_tensorOfManyTiles() {
    Map<String, long[]> shapes = Map.of("large", new long[] {140, 1000}, "small", new long[] {300});
    steps(OptimizerCase.spam().density(0.01).resetInterval(3), shapes, 5);
  }

  @Test
  void dense_tensorOfManyTiles() {
    Map<String, long[]> shapes = Map.of("large", new long[] {140, 1000}, "small", new long[] {300});
    steps(StableSpam.builder().resetInterval(2), shapes, 3);
  }

  @Test
  void tensors_manyAndSmall() {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    for (int i = 0; i < 300; i++) {
      shapes.put("p" + i, new long[] {3});
    }
    steps(StableSpam.builder().resetInterval(3).density(0.5), shapes, 4);
  }

  private static void steps(MomentBuilder<?> settings, Map<String, long[]> shapes, int steps) {
    var random = new Random(1);
    try (StandInDevice standIn = StandInDevice.open(Mode.LAZY);
        TwinRun run =
            new TwinRun(standIn.device(), standIn.stream(), settings, shapes, Launching.GRAPH)) {
      for (int t = 0; t < steps; t++) {
        for (String name : shapes.keySet()) {
          for (long i = 0; i < run.gradient(name).elements(); i++) {
            run.gradient(name).setFloat(i, (float) random.nextGaussian());
          }
        }
        run.step(_ -> true);
        run.compare();
      }
    }
  }
}
