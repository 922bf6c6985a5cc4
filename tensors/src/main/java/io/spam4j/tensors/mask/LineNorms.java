package io.spam4j.tensors.mask;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The Euclidean norms of a tensor's lines. */
final class LineNorms {
  /** Lines a task; what a line comes to does not depend on it. */
  private static final int TASK = 4096;

  private LineNorms() {}

  /**
   * The norm of each line, rounded to float32. Squares are added as doubles, in order.
   *
   * @param values float32
   */
  static Tensor of(Arena arena, Tensor values, int length, Parallel parallel) {
    long elements = values.elements();
    Tensor norms = Tensor.allocate(arena, DType.F32, LinePositions.lines(elements, length));
    int tasks = Math.toIntExact((norms.elements() + TASK - 1) / TASK);
    parallel.run(
        tasks,
        task -> {
          long end = Math.min(norms.elements(), (task + 1L) * TASK);
          for (long line = (long) task * TASK; line < end; line++) {
            long from = line * length;
            float norm = norm(values.memory(), from, Math.min(elements, from + length));
            norms.memory().setAtIndex(JAVA_FLOAT, line, norm);
          }
        });
    return norms;
  }

  private static float norm(MemorySegment values, long from, long to) {
    double sum = 0;
    for (long i = from; i < to; i++) {
      double value = values.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      sum += value * value;
    }
    return (float) Math.sqrt(sum);
  }
}
