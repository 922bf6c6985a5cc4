package io.spam4j.engine.internal.small;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UnusualStretch;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.tensors.internal.simd.LoopCopies;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The update of many small tensors in one call: first by the loop for usual ones, and where that
 * stops by the one for the others. Each is made and compiled in the background when it is first
 * asked for.
 */
public final class SmallLoops {
  /**
   * The elements of the largest tensor that is small: what is read twice stays in the first cache.
   */
  static final int MOST = 2048;

  /** Of the smallest one. */
  static final int FEWEST = VectorMode.BITS / Float.SIZE;

  /*
   * Tensors of a call. A loop that is called rarely, for long, is compiled from its middle, with all
   * that is the same for all tensors on the heap.
   */
  private static final int MOST_CALLED = 64;

  private static final SmallLoops BARE = new SmallLoops(Settings.BARE);
  private static final SmallLoops PLAIN = new SmallLoops(Settings.PLAIN);

  /* Half way between that of compiled code, 2,000, and of code that is not, more than 20,000. */
  private static final long FAST_NANOS = 8_000;

  /* A gradient whose square is over that of the limit that loops are made ready with. */
  private static final float OVER_LIMIT = 0x1p62f;

  private final Settings settings;
  private final Readiness isUsualReady;
  private final Readiness isSpikyReady;
  private volatile @Nullable SmallLoop usual;
  private volatile @Nullable SmallLoop spiky;

  private SmallLoops(Settings settings) {
    this.settings = settings;
    isUsualReady = new Readiness("small tensors, " + settings, this::exerciseUsual, FAST_NANOS);
    isSpikyReady =
        new Readiness("spikes of small tensors, " + settings, this::exerciseSpiky, FAST_NANOS);
  }

  /** Whether there are loops for a tensor of so many elements: a vector or more, but not many. */
  public static boolean areFor(long elements) {
    return VectorMode.VECTORS && elements >= FEWEST && elements <= MOST;
  }

  /** Whether the loops do what these coefficients say. */
  private static boolean canDo(UpdateCoefficients c, Settings settings) {
    boolean isBetween = c.resetsMoments || c.zeroesMomentsAfter || c.leavesWeights;
    return settings != Settings.ANY
        && !isBetween
        && c.skipsNonFinite
        && !c.clipsDeviations
        && !c.clipsAtZero
        && c.flushBelow == Float.MIN_NORMAL
        && c.spikeThreshold >= 1; // so no spike has a subnormal square
  }

  /**
   * Updates tensors that have the same coefficients, and stops before the first one that is not for
   * these loops, which it leaves as it is.
   *
   * @param from the first tensor
   * @param end behind the last one
   * @return where it stopped; {@code end} if it did them all
   */
  public static int run(SmallTensors tensors, int from, int end, UpdateCoefficients c) {
    Settings settings = Settings.of(c);
    if (!canDo(c, settings)) {
      return from;
    }
    boolean isBare = settings == Settings.BARE;
    boolean lowers = c.clipAbove != Float.POSITIVE_INFINITY;
    SmallLoop loop = (isBare ? BARE : PLAIN).usual();
    if (loop == null) {
      return from;
    }
    int k = usual(loop, tensors, from, end, c);
    if (k == end) {
      return end;
    }
    SmallLoop ofSpikes = (isBare && !lowers ? BARE : PLAIN).spiky();
    if (ofSpikes == null) {
      return k;
    }
    for (int many = UnusualStretch.FEWEST; k < end; ) {
      int next = (int) Math.min(end, (long) k + Math.min(many, MOST_CALLED));
      int done = ofSpikes.run(tensors, k, next, c);
      if (done < next) {
        return done;
      }
      k = usual(loop, tensors, next, end, c);
      many = UnusualStretch.after(many, k - next, 1);
    }
    return end;
  }

  private static int usual(
      SmallLoop loop, SmallTensors tensors, int from, int end, UpdateCoefficients c) {
    for (int k = from; k < end; ) {
      int next = (int) Math.min(end, (long) k + MOST_CALLED);
      int done = loop.run(tensors, k, next, c);
      if (done < next) {
        return done;
      }
      k = next;
    }
    return end;
  }

  private @Nullable SmallLoop usual() {
    return isUsualReady.get() ? usual : null;
  }

  private @Nullable SmallLoop spiky() {
    return isSpikyReady.get() ? spiky : null;
  }

  private Runnable exerciseUsual() {
    SmallLoop made = LoopCopies.of(MethodHandles.lookup(), SmallVector.class, settings);
    usual = made;
    return exercise(made, WarmLoop.coefficients(settings), OVER_LIMIT);
  }

  private Runnable exerciseSpiky() {
    SmallLoop made = LoopCopies.of(MethodHandles.lookup(), SmallSpiky.class, settings);
    spiky = made;
    UpdateCoefficients c = WarmLoop.coefficients(settings);
    c.spikeThreshold = 64;
    c.nullifiesSpikes = true;
    c.gradientLimit = Float.POSITIVE_INFINITY;
    return exercise(made, c, Float.MAX_VALUE);
  }

  /**
   * Calls of a loop on a few tensors, of which it leaves the last now and then.
   *
   * @param left a gradient that it leaves
   */
  private static Runnable exercise(SmallLoop loop, UpdateCoefficients c, float left) {
    SmallTensors tensors = scratch();
    int count = tensors.elements.length;
    MemorySegment last = Objects.requireNonNull(tensors.gradients[count - 1]);
    return new Runnable() {
      private int calls;

      @Override
      public void run() {
        boolean ends = calls++ % 8 == 0;
        float gradient = ends ? left : 0.5f;
        last.setAtIndex(ValueLayout.JAVA_FLOAT, 0, gradient);
        int done = loop.run(tensors, 0, count, c);
        if (done != (ends ? count - 1 : count)) {
          throw new IllegalStateException("a loop must stop where it has to: tensor=" + done);
        }
      }
    };
  }

  /** Tensors of whole vectors and others, with a new largest ratio here and there. */
  private static SmallTensors scratch() {
    int[] sizes = {16, 33, 17, 48, 41, 20, 47, 34};
    int most = Readiness.ELEMENTS;
    Arena arena = Arena.ofAuto();
    MemorySegment weights = floats(arena, most, 1);
    MemorySegment gradients = floats(arena, most, 1);
    MemorySegment moments = floats(arena, 2 * most, 0.5f);
    var tensors = new SmallTensors(sizes.length, moments, new TensorCounts(sizes.length));
    long at = 0;
    for (int k = 0; k < sizes.length; k++) {
      long bytes = (long) sizes[k] * Float.BYTES;
      tensors.weights[k] = weights.asSlice(at, bytes);
      tensors.gradients[k] = gradients.asSlice(at, bytes);
      tensors.first[k] = at;
      tensors.second[k] = (long) most * Float.BYTES + at;
      tensors.elements[k] = sizes[k];
      at += bytes;
    }
    return tensors;
  }

  private static MemorySegment floats(Arena arena, int count, float most) {
    MemorySegment floats = arena.allocate((long) count * Float.BYTES, 64);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, most * (1 + i * 37 % 101) / 128);
    }
    return floats;
  }
}
