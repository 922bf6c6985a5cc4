package io.spam4j.examples.formats;

import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.options.MomentFormat;
import java.util.EnumSet;

/** The option {@code --state}: in which format moments are stored between steps. */
public final class StateFormat {
  private StateFormat() {}

  /**
   * The format that a word names.
   *
   * @throws IllegalArgumentException if it is not {@code f32}, {@code bf16} or {@code int8}
   */
  public static MomentFormat named(String word) {
    // BF16_EMULATED is one preset's arithmetic, not a choice of memory.
    return Words.named("state", EnumSet.complementOf(EnumSet.of(MomentFormat.BF16_EMULATED)), word);
  }

  /**
   * Has an optimizer keep its moments in a format. What the engine refuses for optimizers of Adam's
   * family it refuses when it builds them or plans their memory.
   *
   * @throws IllegalArgumentException if the optimizer is of another family and the format not F32
   */
  public static void set(OptimizerBuilder<?> builder, MomentFormat format) {
    if (builder instanceof MomentBuilder<?> family) {
      family.moments(format);
    } else if (format != MomentFormat.F32) {
      throw new IllegalArgumentException(
          "moments must be F32 for optimizers that are not of Adam's family: moments=" + format);
    }
  }
}
