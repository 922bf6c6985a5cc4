package io.spam4j.examples.bench.values;

import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.examples.models.LlamaModel;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The tensors that arms are timed on. */
public enum BenchSize {
  /** One tensor, far larger than any cache. */
  LARGE("large", ""),
  /** The 75 tensors of the papers' LLaMA-60M, from 512 to 16,384,000 weights. */
  LLAMA60M("llama60m", "-llama60m"),
  /** One tensor of a million weights. */
  MILLION("million", "-million"),
  /** As many weights in 10,000 tensors. */
  MANY("many", "-many"),
  /** One tensor of 65,536 weights, in cache, on one thread. */
  CACHED("cached", "-cached");

  /** The weights of the large tensor unless told otherwise. */
  public static final long LARGE_WEIGHTS = 67_108_864;

  private static final long CACHED_WEIGHTS = 65_536;
  private static final long MILLION_WEIGHTS = 1_000_000;
  private static final int SMALL_TENSOR = 100;

  private final String id;
  private final String suffix;

  BenchSize(String id, String suffix) {
    this.id = id;
    this.suffix = suffix;
  }

  /**
   * The size of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static BenchSize of(String id) {
    for (BenchSize size : values()) {
      if (size.id.equals(id)) {
        return size;
      }
    }
    String all = Arrays.stream(values()).map(BenchSize::id).collect(Collectors.joining(", "));
    throw new IllegalArgumentException("size must be one of %s: size=%s".formatted(all, id));
  }

  /** The name on the command line. */
  public String id() {
    return id;
  }

  /** What is put behind an arm's name. */
  public String suffix() {
    return suffix;
  }

  /**
   * The weights of each tensor.
   *
   * @param most the weights of the large tensor; the other sizes shrink to about as many
   */
  public long[] elements(long most) {
    return switch (this) {
      case LARGE -> new long[] {most};
      case CACHED -> new long[] {Math.min(most, CACHED_WEIGHTS)};
      case MILLION -> new long[] {Math.min(most, MILLION_WEIGHTS)};
      case MANY -> {
        long[] all = new long[(int) (Math.min(most, MILLION_WEIGHTS) / SMALL_TENSOR)];
        Arrays.fill(all, SMALL_TENSOR);
        yield all;
      }
      case LLAMA60M -> {
        long[] all =
            LlamaModel.named("60m").weights().stream().mapToLong(w -> w.elements()).toArray();
        double scale = Math.min(1, (double) most / Arrays.stream(all).sum());
        yield Arrays.stream(all).map(n -> Math.max(1, Math.round(n * scale))).toArray();
      }
    };
  }

  /** The threads of the engine, of libtorch and of the limits. */
  public int threads() {
    return this == CACHED ? 1 : OptimizerBuilder.defaultThreads();
  }
}
