package io.spam4j.examples.bench.values;

import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import java.util.Map;

/**
 * The bytes that an update must move between memory and processor, a weight.
 *
 * @param read those that are read, those included that are written
 * @param written those that are written back; all of them were read, because the processor reads a
 *     line of the cache before it changes a part of it
 */
public record Traffic(double read, double written) {
  /** Float32 throughout: w, g, m and v are read, w, m and v written. */
  public static final Traffic DENSE = new Traffic(16, 12);

  /** Stable-SPAM: the gradient once more, for its norm and maximum. */
  public static final Traffic MEASURED = new Traffic(20, 12);

  /** Weights and gradients of 16 bits, moments of 32. */
  public static final Traffic BF16_F32_MOMENTS = new Traffic(12, 10);

  /** Weights and gradients of 32 bits, moments of 8 with 32 bits for 128, rarely written. */
  public static final Traffic INT8_MOMENTS = new Traffic(10.03125, 6);

  /** 16 bits throughout. */
  public static final Traffic BF16 = new Traffic(8, 6);

  /** One number of state in float32: w, g and m are read, w and m written. */
  public static final Traffic MOMENTUM = new Traffic(12, 8);

  /** No state: w and g are read, w written. */
  public static final Traffic PLAIN = new Traffic(8, 4);

  /** One number of state in float32, weights and gradients of 16 bits. */
  public static final Traffic BF16_MOMENTUM = new Traffic(8, 6);

  /** AMSGrad: one second moment more. */
  public static final Traffic AMSGRAD = new Traffic(20, 16);

  /**
   * Adafactor of a matrix: the gradient for the moments and once more for the update, and w. That
   * the size of the update and of the weights is asked for, too, is not counted: it takes g and w
   * once more, 24 bytes in all.
   */
  public static final Traffic ADAFACTOR = new Traffic(12, 4);

  /** A dense update behind norms of w and g, which take both once more. */
  public static final Traffic AGC = new Traffic(24, 12);

  private static final int LINE_FLOATS = 16;
  private static final long SAMPLE = 1 << 20;

  /**
   * Sparse momentum at a density d. Of w and g whole lines of 64 bytes are moved, and a line holds
   * a selected weight with probability L = 1 - (1 - d)^16; m and v are packed; the index is read.
   * So 8 L + 8 d + index are read and 4 L + 8 d written.
   */
  public static Traffic sparse(double density) {
    double lines = 1 - Math.pow(1 - density, LINE_FLOATS);
    return sparse(density, lines, Spam.builder());
  }

  /** The same by lines of so many weights, whole lines of 64 bytes: L is d. */
  public static Traffic lines(double density, int line) {
    return sparse(
        density, density, Spam.builder().maskSelection(MaskSelection.random().lines(line)));
  }

  private static Traffic sparse(double density, double lines, Spam.Builder builder) {
    MemoryReport memory = builder.density(density).plannedMemory(Map.of("w", new long[] {SAMPLE}));
    double index = (double) memory.index() / SAMPLE;
    return new Traffic(8 * lines + 8 * density + index, 4 * lines + 8 * density);
  }

  /** Both together. */
  public double bytes() {
    return read + written;
  }
}
