package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.tensors.internal.simd.MomentGrid;
import io.spam4j.tensors.internal.simd.Readiness;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** A vector loop that is made, and compiled, in the background once it is asked for. */
public final class WarmLoop {
  /** A compiled one takes less than 2,000 for as many elements, one that is not some 100,000. */
  private static final long FAST_NANOS = 10_000;

  private static final int FLOATS = 2 * Readiness.ELEMENTS;

  private final Supplier<UpdateLoop> maker;
  private final Readiness readiness;
  private volatile @Nullable UpdateLoop loop;

  /**
   * A loop that nobody has asked for.
   *
   * @param name for the log
   * @param settings an update of those that the loop is for
   */
  WarmLoop(String name, Supplier<UpdateLoop> maker, UpdateForm.Settings settings) {
    this.maker = maker;
    readiness = new Readiness(name, () -> exercise(settings), FAST_NANOS);
  }

  /** The loop; null while its scalar form is to be used. */
  public @Nullable UpdateLoop get() {
    return readiness.get() ? loop : null;
  }

  private Runnable exercise(UpdateForm.Settings settings) {
    UpdateLoop made = maker.get();
    loop = made;
    var operands = scratch();
    UpdateCoefficients c = coefficients(settings);
    var tally = new UpdateTally();
    long length = Readiness.ELEMENTS;
    return new Runnable() {
      private int calls;

      @Override
      public void run() {
        // A new largest ratio in the last vector now and then, which ends a run.
        boolean ends = calls % 8 == 0;
        vary(c, settings, calls++ / 8 % 2 == 0);
        tally.largestRatio = 4;
        operands.gradient.setAtIndex(JAVA_FLOAT, length - 1, ends ? 0x1p10f : 0x1p-10f);
        long done = made.run(operands, 0, length, c, tally);
        if (!ends && done != length) {
          throw new IllegalStateException("a loop must go on: element=" + done);
        }
      }
    };
  }

  /** Has all that settings leave open: the compiler leaves out what it has only seen one way. */
  private static void vary(UpdateCoefficients c, UpdateForm.Settings settings, boolean one) {
    if (settings != UpdateForm.Settings.BARE) {
      c.decayAfter = one ? 0x1p-20f : 0;
    }
    if (settings == UpdateForm.Settings.ANY) {
      c.coupledDecay = one ? 0 : 0x1p-100f; // too small for spikes where gradients are 0
    }
  }

  /** Streams that are wide enough for every format, with nothing unusual in them. */
  public static Operands scratch() {
    var o = new Operands();
    o.weights = floats(0x1p-5f);
    o.weightsLow = floats(0);
    o.gradient = floats(0x1p-10f);
    o.firstMoment = floats(0x1p-10f);
    o.secondMoment = floats(1);
    o.largest = floats(1);
    o.grids = floats(Float.intBitsToFloat(MomentGrid.ONE));
    o.blockOfFirst = floats(0);
    o.blockOfRoots = floats(0);
    o.lines = LongStream.range(0, FLOATS).toArray();
    return o;
  }

  static MemorySegment floats(float value) {
    MemorySegment floats = Arena.ofAuto().allocate((long) FLOATS * Float.BYTES, 64);
    for (int i = 0; i < FLOATS; i++) {
      floats.setAtIndex(JAVA_FLOAT, i, value);
    }
    return floats;
  }

  /** What an update of such settings does nothing unusual with; the limit is 2^60. */
  public static UpdateCoefficients coefficients(UpdateForm.Settings settings) {
    var c = new UpdateCoefficients();
    c.beta1 = 0.5f;
    c.oneMinusBeta1 = 0.5f;
    c.beta2 = 0.5f;
    c.oneMinusBeta2 = 0.5f;
    c.flushBelow = Float.MIN_NORMAL;
    c.epsilon = 1e-8f;
    c.stepSize = 0x1p-20f;
    c.skipsNonFinite = true;
    c.gradientLimit = 0x1p60f;
    if (settings != UpdateForm.Settings.BARE) {
      c.gradientScale = 0.75f;
      c.decayBefore = 0.999f;
    }
    if (settings == UpdateForm.Settings.ANY) {
      c.coupledDecay = 0x1p-20f;
    }
    return c;
  }
}
