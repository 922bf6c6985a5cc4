package io.spam4j.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A step allocates nothing, whatever the optimizer, its transforms, its selection and the formats
 * of weights, gradients and moments, on the heap and outside of it: all in one process, one after
 * the other, and then once more each, when the process has used them all.
 */
final class NoGarbageTest {
  /** In a process that does nothing else: what it compiles does not depend on other tests. */
  @Test
  @EnabledIfSystemProperty(
      named = "spam4j.test.garbage",
      matches = "true",
      disabledReason =
          "what the compiler puts on the heap differs from run to run: docs/performance.md")
  void step_allocatesNothing_inAProcessOfAllForms() throws IOException, InterruptedException {
    Process process =
        ChildProcess.of(
                List.of(
                    "-D" + Readiness.PROPERTY + "=false",
                    "-XX:PerMethodTrapLimit=100000", // docs/performance.md, "Memory on the heap"
                    "-Xmx512m"),
                NoGarbageTest.class)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(output).isEqualTo("");
  }

  /** Prints each form whose steps go on to make garbage, and how much. */
  public static void main(String[] args) {
    boolean tells = args.length > 0;
    try (Arena arena = Arena.ofShared()) {
      List<Steps> all = new ArrayList<>();
      for (boolean onHeap : new boolean[] {false, true}) {
        var memory = new Memory(arena, onHeap);
        addFormats(all, memory);
        OptimizerCases.all()
            .forEach(
                one -> {
                  DType dtype = one.dtype();
                  all.add(new Steps(one.name(), one.builder(INTERVAL), memory, dtype, dtype));
                });
      }
      for (String pass : new String[] {"", ", once more"}) {
        for (Steps one : all) {
          if (tells && !one.name.matches(args[0])) {
            continue;
          }
          long start = System.nanoTime();
          int steps = one.untilThereIsNone();
          if (tells) {
            System.out.printf(
                "%-60s %7d steps %6d ms%n",
                one.name + pass, steps, (System.nanoTime() - start) / 1_000_000);
          }
          if (one.garbage > 0) {
            System.out.println(
                one.name + pass + ": bytes a step=" + (float) one.garbage / Steps.ROUND);
          }
        }
      }
      all.forEach(one -> one.optimizer.close());
    }
  }

  /** No reset while it is measured: one that draws a selection makes a new one. */
  private static final long INTERVAL = 1L << 40;

  private static void addFormats(List<Steps> all, Memory memory) {
    for (WeightRounding rounding : WeightRounding.values()) {
      for (DType weights : new DType[] {DType.F32, DType.BF16}) {
        if (weights == DType.F32 && rounding != WeightRounding.STOCHASTIC) {
          continue; // float32 is not rounded
        }
        for (DType gradient : new DType[] {DType.F32, DType.BF16}) {
          for (MomentFormat moments :
              List.of(MomentFormat.F32, MomentFormat.BF16, MomentFormat.INT8)) {
            String name = weights + " " + rounding + ", " + gradient + ", " + moments;
            for (MomentBuilder<?> builder : List.of(Spam.builder(), StableSpam.builder())) {
              builder.moments(moments).weightRounding(rounding);
              String algorithm = builder.getClass().getDeclaringClass().getSimpleName();
              all.add(new Steps(algorithm + ", " + name, builder, memory, weights, gradient));
            }
          }
        }
      }
    }
  }

  /** Tensors with values of a random sequence. */
  private record Memory(Arena arena, boolean onHeap) {
    Tensor tensor(DType dtype, long[] shape, Random random) {
      int n = (int) Tensor.elements(shape);
      boolean floats = dtype == DType.F32;
      MemorySegment memory =
          !onHeap
              ? Tensor.allocate(arena, dtype, shape).memory()
              : floats ? MemorySegment.ofArray(new float[n]) : MemorySegment.ofArray(new short[n]);
      for (int i = 0; i < n; i++) {
        float value = (float) random.nextGaussian();
        if (floats) {
          memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        } else {
          short half = (short) (Float.floatToRawIntBits(value) >>> Short.SIZE);
          memory.setAtIndex(ValueLayout.JAVA_SHORT, i, half);
        }
      }
      return Tensor.of(memory, dtype, shape);
    }
  }

  /** An optimizer and gradients for it. */
  private static final class Steps {
    private static final Map<String, long[]> SHAPES =
        Map.of("matrix", new long[] {40, 52}, "vector", new long[] {17}, "scalar", new long[] {});

    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int ROUND = 20;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    final String name;
    final Optimizer optimizer;
    private final Gradients gradients;
    long garbage;

    Steps(
        String name, OptimizerBuilder<?> builder, Memory memory, DType weights, DType ofGradient) {
      this.name = name + (memory.onHeap() ? ", heap" : "");
      var random = new Random(1);
      List<Parameter> parameters = new ArrayList<>();
      Map<String, Tensor> byName = new TreeMap<>();
      SHAPES.forEach(
          (parameter, shape) -> {
            parameters.add(new Parameter(parameter, memory.tensor(weights, shape, random)));
            byName.put(parameter, memory.tensor(ofGradient, shape, random));
          });
      optimizer = builder.threads(2).build(parameters);
      gradients = Gradients.of(byName);
    }

    /**
     * Steps until some in a row allocate nothing, which is when the compiler is done with them; if
     * they never do, notes the bytes of the last ones.
     */
    int untilThereIsNone() {
      long start = System.nanoTime();
      int steps = 0;
      do {
        long before = threads.getTotalThreadAllocatedBytes();
        long ownBefore = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUND; i++) {
          optimizer.step(gradients);
        }
        long own = threads.getCurrentThreadAllocatedBytes() - ownBefore;
        garbage = Math.max(own, threads.getTotalThreadAllocatedBytes() - before);
        steps += ROUND;
      } while (garbage > 0 && System.nanoTime() - start < LONGEST_NANOS);
      return steps;
    }
  }
}
