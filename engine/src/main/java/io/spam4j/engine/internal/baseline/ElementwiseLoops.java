package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.tensors.internal.simd.LoopCopies;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.invoke.MethodHandles;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;

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

  private final Scalar<C> scalar;
  private final Class<? extends ElementwiseLoop<C>> vector;
  private final Map<Weights, AtomicReferenceArray<ElementwiseLoop<C>>> loops =
      new EnumMap<>(Weights.class);

  ElementwiseLoops(Scalar<C> scalar, Class<? extends ElementwiseLoop<C>> vector) {
    this.scalar = scalar;
    this.vector = vector;
    for (Weights weights : Weights.values()) {
      loops.put(weights, new AtomicReferenceArray<>(4));
    }
  }

  /** The loop for streams as they lie; a step that has met the form before allocates nothing. */
  ElementwiseLoop<C> of(Weights weights, boolean halfGradient, boolean hasState) {
    AtomicReferenceArray<ElementwiseLoop<C>> ofWeights = Objects.requireNonNull(loops.get(weights));
    int index = (halfGradient ? 2 : 0) + (hasState ? 1 : 0);
    ElementwiseLoop<C> loop = ofWeights.get(index);
    if (loop == null) {
      var form = new ElementwiseForm(weights, halfGradient, hasState);
      loop = LoopCopies.of(MethodHandles.lookup(), vector, form);
      if (!ofWeights.compareAndSet(index, null, loop)) { // another thread was first
        loop = ofWeights.get(index);
      }
    }
    return loop;
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
    if (VectorMode.VECTORS) {
      ElementwiseLoop<C> loop = of(Weights.F32, /* halfGradient= */ false, hasState);
      int length = loop.length();
      long end = to - (to - from) % length;
      i = loop.run(o, i, end, c);
      while (i < end) {
        scalar.apply(o, i, i + length, c, tally);
        i = loop.run(o, i + length, end, c);
      }
    }
    scalar.apply(o, i, to, c, tally); // the tail is the specification itself
    if (propagates) {
      QuietNaN.in(o.weights, from + o.weightShift, to + o.weightShift);
      if (hasState) {
        QuietNaN.in(o.firstMoment, from, to);
      }
    }
  }
}
