package io.spam4j.engine.internal.kernel;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Steps from the start of a process on: prints a checksum of all weights for each, and a last line
 * that tells whether the vector loop of float32 was ready at the first and at the last step.
 */
final class ColdStart implements AutoCloseable {
  private static final int ELEMENTS = 3001; // of a tensor: no whole number of vectors or blocks
  private static final int TENSORS = 3;
  private static final long LONGEST_NANOS = 60_000_000_000L;
  private static final int STEPS_AFTER = 5;

  private final Arena arena = Arena.ofShared();
  private final List<Tensor> weights = new ArrayList<>();
  private final List<Tensor> gradients = new ArrayList<>();
  private final List<Optimizer> optimizers = new ArrayList<>();
  private long step;

  ColdStart() {
    add(DType.F32, Spam.builder().resetInterval(7));
    add(DType.F32, Spam.builder().density(0.25));
    add(DType.F32, StableSpam.builder());
    add(DType.F32, Spam.builder().moments(MomentFormat.INT8));
    add(DType.BF16, Spam.builder().moments(MomentFormat.BF16));
  }

  private void add(DType dtype, OptimizerBuilder<?> builder) {
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < TENSORS; i++) {
      String name = "w" + weights.size();
      Tensor tensor = Tensor.allocate(arena, dtype, ELEMENTS);
      parameters.add(new Parameter(name, tensor));
      weights.add(tensor);
      gradients.add(Tensor.allocate(arena, dtype, ELEMENTS));
    }
    optimizers.add(builder.threads(2).build(parameters));
  }

  /** Does a step of all, with a spike now and then, and adds up the bytes of all weights. */
  long step() {
    step++;
    for (int t = 0; t < gradients.size(); t++) {
      Philox random = Philox.stream(step, "cold start", t);
      for (int i = 0; i < ELEMENTS; i++) {
        float u = random.uniform(i) - 0.5f;
        set(gradients.get(t), i, u * (random.uniform(ELEMENTS + i) < 0.01f ? 1000 : 1));
      }
    }
    Gradients all = name -> gradients.get(Integer.parseInt(name.substring(1)));
    optimizers.forEach(optimizer -> optimizer.step(all));
    var sum = new CRC32C();
    weights.forEach(tensor -> sum.update(tensor.memory().asByteBuffer()));
    return sum.getValue();
  }

  private static void set(Tensor tensor, int i, float value) {
    MemorySegment memory = tensor.memory();
    if (tensor.dtype() == DType.F32) {
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
    } else {
      memory.setAtIndex(
          ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> Short.SIZE));
    }
  }

  static boolean isVectorReady() {
    var form = new UpdateForm(Weights.F32, false, DType.F32, Settings.BARE);
    return UpdateLoops.of(form).get() != null;
  }

  @Override
  public void close() {
    optimizers.forEach(Optimizer::close);
    arena.close();
  }

  public static void main(String[] args) {
    long start = System.nanoTime();
    try (var run = new ColdStart()) {
      boolean atFirst = isVectorReady();
      for (int left = STEPS_AFTER; left > 0; left -= isVectorReady() ? 1 : 0) {
        System.out.println(run.step());
        if (System.nanoTime() - start > LONGEST_NANOS) {
          break;
        }
      }
      System.out.println(atFirst + " " + isVectorReady());
    }
  }
}
