package io.spam4j.tensors.internal.simd;

import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;

/**
 * Whether kernels run as vectors, and at what width: decided once, from the property {@code
 * spam4j.vector.bits} (0, 128, 256 or 512; 0 is scalar; unset: the machine's preferred width) and
 * from the presence of the vector module. Names no vector type itself, so it loads anywhere.
 */
public final class VectorMode {
  /** The property that overrides the width. */
  public static final String PROPERTY = "spam4j.vector.bits";

  /** The bits of a vector; 0 when kernels run scalar. */
  public static final int BITS = choose();

  /** Whether kernels run as vectors. */
  public static final boolean VECTORS = BITS != 0;

  static {
    if (VECTORS) {
      FirstUses.make();
    }
  }

  private VectorMode() {}

  /**
   * Whether kernels that only read use vectors on this memory: not on the heap, whose arrays they
   * read element by element.
   */
  static boolean isUsedOn(MemorySegment values) {
    // All vector loads share one profile in the JDK. Where it has seen arrays, the compiler bets on
    // them in loops that meet none and throws its code away, up to a hundred times, for minutes.
    return VECTORS && values.isNative();
  }

  /**
   * What a vector loop throws first of all if one of its segments lies on the heap. The caller has
   * checked that none does; this tells the compiler. Without it the compiler trusts the profile of
   * the JDK's loads and stores, which the interpreter has fed with heap arrays of its own, and
   * takes a store that may go to the heap for one that may change any field: it hoists nothing.
   */
  public static IllegalArgumentException notNative() {
    return new IllegalArgumentException("memory of vector loops must lie outside the heap");
  }

  private static int choose() {
    System.Logger log = System.getLogger("io.spam4j.vector");
    String asked = System.getProperty(PROPERTY, "");
    if (!asked.matches("|0|128|256|512")) {
      throw new IllegalArgumentException(
          PROPERTY + " must be 0, 128, 256 or 512: " + PROPERTY + "=" + asked);
    }
    if (asked.equals("0")) {
      log.log(Level.DEBUG, "kernels run scalar: " + PROPERTY + "=0");
      return 0;
    }
    if (!isModuleVisible()) {
      log.log(
          Level.WARNING,
          "kernels run scalar, many times slower than they could: start Java with"
              + " --add-modules=jdk.incubator.vector");
      return 0;
    }
    int bits = asked.isEmpty() ? VectorWidth.preferredBits() : Integer.parseInt(asked);
    log.log(Level.DEBUG, "kernels run as vectors of " + bits + " bits");
    return bits;
  }

  private static boolean isModuleVisible() {
    return ModuleLayer.boot()
        .findModule("jdk.incubator.vector")
        .map(VectorMode.class.getModule()::canRead)
        .orElse(false);
  }
}
