package io.spam4j.engine.roofline;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/**
 * How near a SPAM step comes to what this machine's memory allows: the time of a step against that
 * of a stream that reads and writes the same bytes and computes nothing, in turn, on the same
 * memory and threads.
 *
 * @param weights float32 weights in one tensor
 * @param threads threads of both
 * @param stepNanos median nanoseconds of a step
 * @param limitNanos median nanoseconds of the stream
 */
public record Roofline(long weights, int threads, double stepNanos, double limitNanos) {
  // The compiler needs calls for large tensors and time for small ones.
  private static final int WARM_UPS = 10;
  private static final long WARM_UP_NANOS = 1_500_000_000L;

  /**
   * Measures, in seconds to minutes, with 16 bytes of off-heap memory a weight.
   *
   * @param weights at least 1
   * @param threads at least 1
   * @param rounds how often each of the two is timed; at least 1
   * @throws IllegalArgumentException if a number is smaller
   */
  public static Roofline measure(long weights, int threads, int rounds) {
    if (weights < 1 || threads < 1 || rounds < 1) {
      throw new IllegalArgumentException(
          "weights, threads and rounds must be positive: weights=%d, threads=%d, rounds=%d"
              .formatted(weights, threads, rounds));
    }
    try (Arena arena = Arena.ofShared()) {
      Tensor w = Tensor.allocate(arena, DType.F32, weights);
      Tensor g = Tensor.allocate(arena, DType.F32, weights);
      Philox random = Philox.stream(1, "roofline", 0);
      for (long i = 0; i < weights; i++) {
        g.setFloat(i, random.uniform(i) - 0.5f);
      }
      var builder = Spam.builder().threads(threads);
      try (Optimizer spam = builder.build(List.of(new Parameter("w", w)))) {
        Tensor m = spam.firstMoment("w");
        Tensor v = spam.secondMoment("w");
        StreamLimit limit =
            StreamLimit.ofUpdate(w.memory(), g.memory(), m.memory(), v.memory(), weights, threads);
        Gradients gradients = _ -> g;
        double[] stepNanos = new double[rounds];
        double[] limitNanos = new double[rounds];
        long start = System.nanoTime();
        for (int i = 0; i < WARM_UPS || System.nanoTime() - start < WARM_UP_NANOS; i++) {
          limit.run();
          spam.step(gradients);
        }
        for (int round = 0; round < rounds; round++) {
          limitNanos[round] = limit.run();
          stepNanos[round] = spam.step(gradients).nanos();
        }
        return new Roofline(weights, threads, median(stepNanos), median(limitNanos));
      }
    }
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    int middle = values.length / 2;
    return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }

  /** The time of a step as a multiple of the stream's; 1 is as fast as memory allows. */
  public double ratio() {
    return stepNanos / limitNanos;
  }

  /** The stream's bytes a nanosecond, reads and writes together: GB/s. */
  public double limitBandwidth() {
    return bytes() / limitNanos;
  }

  /** A step's bytes a nanosecond, reads and writes together: GB/s. */
  public double stepBandwidth() {
    return bytes() / stepNanos;
  }

  private double bytes() {
    return (double) weights * FusedUpdate.STREAMS * Float.BYTES;
  }
}
