package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.kernel.WarmLoop;
import io.spam4j.tensors.internal.simd.LoopCopies;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.invoke.MethodHandles;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The update of one algorithm, in its scalar form and in copies of its vector form, one for each
 * {@link ElementwiseForm} in use.
 *
 * @param <C> its coefficients
 */
final class ElementwiseLoops<C> {
  /**
   * The scalar form, on float32: the specification.
   *
   * @param <C> its coefficients
   */
  @FunctionalInterface
  interface Scalar<C> {
    /** Updates the elements {@code [from, to)}. */
    void apply(Operands o, long from, long to, C c, UpdateTally tally);
  }

  private static final long FAST_NANOS = 10_000;

  private final Scalar<C> scalar;
  private final Class<? extends ElementwiseLoop<C>> vector;
  private final List<C> ofExercise;
  private final Map<Weights, AtomicReferenceArray<WarmCopy>> copies = new EnumMap<>(Weights.class);

  /**
   * Loops of which none is made yet.
   *
   * @param ofExercise coefficients of usual updates, which differ in all that is a choice
   */
  ElementwiseLoops(
      Scalar<C> scalar, Class<? extends ElementwiseLoop<C>> vector, List<C> ofExercise) {
    this.scalar = scalar;
    this.vector = vector;
    this.ofExercise = ofExercise;
    for (Weights weights : Weights.values()) {
      copies.put(weights, new AtomicReferenceArray<>(4));
    }
  }

  /**
   * The loop for streams as they lie; null while its scalar form is to be used. A step that has met
   * the form before allocates nothing.
   */
  @Nullable ElementwiseLoop<C> of(Weights weights, boolean halfGradient, boolean hasState) {
    AtomicReferenceArray<WarmCopy> ofWeights = Objects.requireNonNull(copies.get(weights));
    int index = (halfGradient ? 2 : 0) + (hasState ? 1 : 0);
    WarmCopy copy = ofWeights.get(index);
    if (copy == null) {
      copy = new WarmCopy(new ElementwiseForm(weights, halfGradient, hasState));
      if (!ofWeights.compareAndSet(index, null, copy)) { // another thread was first
        copy = ofWeights.get(index);
      }
    }
    return copy.readiness.get() ? copy.loop : null;
  }

  /**
   * Updates float32 elements {@code [from, to)}, by vectors if that is the path chosen, and then
   * outside the heap.
   *
   * @param hasState whether there is a number of state for each weight
   * @param propagates whether gradients that are not finite take part
   */
  void applyFloats(
      Operands o,
      long from,
      long to,
      boolean hasState,
      boolean propagates,
      C c,
      UpdateTally tally) {
    long i = from;
    ElementwiseLoop<C> loop =
        VectorMode.VECTORS ? of(Weights.F32, /* halfGradient= */ false, hasState) : null;
    if (loop != null) {
      int length = loop.length();
      long end = to - (to - from) % length;
      i = loop.run(o, i, end, c);
      while (i < end) {
        scalar.apply(o, i, i + length, c, tally);
        i = loop.run(o, i + length, end, c);
      }
    }
    // The tail is the specification itself; so is all while the loop is not compiled.
    for (long start = i; start < to; start += FusedUpdate.COLD_PART) {
      scalar.apply(o, start, Math.min(to, start + FusedUpdate.COLD_PART), c, tally);
    }
    if (propagates) {
      QuietNaN.in(o.weights, from + o.weightShift, to + o.weightShift);
      if (hasState) {
        QuietNaN.in(o.firstMoment, from, to);
      }
    }
  }

  /** A copy of the vector form that is made, and compiled, in the background. */
  private final class WarmCopy {
    final Readiness readiness;
    private final ElementwiseForm form;
    volatile @Nullable ElementwiseLoop<C> loop;

    WarmCopy(ElementwiseForm form) {
      this.form = form;
      String name = vector.getSimpleName() + ", " + form;
      readiness = new Readiness(name, this::exercise, FAST_NANOS);
    }

    private Runnable exercise() {
      ElementwiseLoop<C> made = LoopCopies.of(MethodHandles.lookup(), vector, form);
      loop = made;
      Operands o = WarmLoop.scratch();
      return new LoopExercise(o.gradient) {
        @Override
        long run(long end, int turn) {
          return made.run(o, 0, end, ofExercise.get(turn % ofExercise.size()));
        }
      };
    }
  }
}
