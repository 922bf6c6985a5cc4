package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Mode;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random steps of random optimizers give the CPU's bits: weights, moments, histories, reports. The
 * state of every fourth step is drawn too, and comes to the device in a checkpoint of the CPU.
 */
final class CudaStepFuzzTest {
  private static final int STEPS_A_CASE = 8;
  private static final int CASES_A_DEVICE = 50;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"LAZY, 0, 4000", "EAGER, 1000000, 4000", "RACES, 2000000, 2000"})
  void step_givesTheBitsOfTheCpu(Mode mode, long firstSeed, int steps) throws IOException {
    long seed = firstSeed;
    for (int done = 0; done < steps; ) {
      try (StandInDevice device = StandInDevice.open(mode)) {
        for (int i = 0; i < CASES_A_DEVICE && done < steps; i++) {
          runCase(device, seed++);
          done += STEPS_A_CASE;
        }
      }
    }
  }

  private void runCase(StandInDevice device, long seed) throws IOException {
    var random = new Random(seed);
    Map<String, long[]> shapes = shapes(random);
    OptimizerBuilder<?> settings = settings(random, shapes);
    Launching launching = random.nextBoolean() ? Launching.GRAPH : Launching.KERNELS;
    try (var run =
        new TwinRun(
            device.device(),
            device.stream(),
            settings,
            shapes,
            launching,
            _ -> Float.BYTES * random.nextInt(4))) {
      for (int step = 0; step < STEPS_A_CASE; step++) {
        if (step % 4 == 1) {
          drawState(random, run, shapes.keySet());
        }
        Set<String> present = new HashSet<>();
        for (String name : shapes.keySet()) {
          draw(random, run.gradient(name), /* hasNonFinite= */ true);
          if (random.nextInt(6) > 0) {
            present.add(name);
          }
        }
        run.step(present::contains);
        run.compare();
      }
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed=" + seed, e);
    }
  }

  /** Settings that the CPU takes. */
  private static OptimizerBuilder<?> settings(Random random, Map<String, long[]> shapes) {
    OptimizerBuilder<?> settings;
    do {
      settings = new DrawnSettings(random).draw();
    } while (isRefused(settings, shapes));
    return settings;
  }

  private static boolean isRefused(OptimizerBuilder<?> settings, Map<String, long[]> shapes) {
    try {
      settings.plannedMemory(shapes);
      return false;
    } catch (IllegalArgumentException e) {
      return true;
    }
  }

  private static Map<String, long[]> shapes(Random random) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    int tensors = 1 + random.nextInt(random.nextInt(4) == 0 ? 5 : 2);
    for (int i = 0; i < tensors; i++) {
      int dice = random.nextInt(1000);
      int most = dice == 0 ? 150_000 : dice < 20 ? 5000 : 300;
      int size = 1 + random.nextInt(most);
      shapes.put("p" + i, random.nextBoolean() ? new long[] {size} : new long[] {1, size});
    }
    return shapes;
  }

  /** Moments of 0 stay so: both sides may rely on it before the first update, and after a reset. */
  private void drawState(Random random, TwinRun run, Set<String> names) throws IOException {
    for (String name : names) {
      Map<String, Tensor> state = run.cpu.state(name);
      if (state.values().stream().allMatch(CudaStepFuzzTest::isZero)) {
        continue;
      }
      state.forEach(
          (key, tensor) -> {
            draw(random, tensor, /* hasNonFinite= */ false);
            for (long i = 0; i < tensor.elements() && !key.equals("exp_avg"); i++) {
              tensor.setFloat(i, Math.abs(tensor.getFloat(i)));
            }
          });
    }
    // A step may have made weights infinite: they are not saved.
    for (Parameter parameter : run.cpu.parameters()) {
      Tensor weights = parameter.weights();
      for (long i = 0; i < weights.elements(); i++) {
        weights.setFloat(i, Float.isFinite(weights.getFloat(i)) ? weights.getFloat(i) : 1);
      }
    }
    Path file = folder.resolve("state");
    run.cpu.save(file, SaveOptions.defaults().withWeights());
    run.gpu.load(file, LoadOptions.strict().withWeights());
  }

  private static boolean isZero(Tensor tensor) {
    for (long i = 0; i < tensor.elements(); i++) {
      if (tensor.getFloat(i) != 0) {
        return false;
      }
    }
    return true;
  }

  private static void draw(Random random, Tensor tensor, boolean hasNonFinite) {
    float scale =
        switch (random.nextInt(10)) {
          case 0 -> 0;
          case 1 -> 1e-40f;
          case 2 -> 1e-20f;
          case 3 -> 1e19f;
          case 4 -> 1e38f;
          default -> 1;
        };
    boolean spoilt = hasNonFinite && random.nextInt(4) == 0;
    for (long i = 0; i < tensor.elements(); i++) {
      float value = (float) Math.clamp(random.nextGaussian(), -3, 3) * scale;
      tensor.setFloat(
          i,
          switch (random.nextInt(50)) {
            case 0 -> -0.0f;
            case 1 -> value * 1e-10f;
            case 2 -> Float.MIN_VALUE;
            case 3 -> random.nextInt(20) == 0 ? Float.MAX_VALUE : 1000;
            case 4 -> spoilt ? Float.NaN : value;
            case 5 -> spoilt ? Float.NEGATIVE_INFINITY : value;
            default -> value;
          });
    }
  }
}
