package io.spam4j.engine.optimizers;

import java.lang.foreign.Arena;
import java.util.function.Supplier;

/** Lets tests of other packages say where an optimizer's memory comes from. */
public final class TestArenas {
  private TestArenas() {}

  /** The builder, which takes all memory outside the heap from these arenas. */
  public static <B extends OptimizerBuilder<B>> B in(Supplier<Arena> arenas, B builder) {
    return builder.arenas(arenas);
  }
}
