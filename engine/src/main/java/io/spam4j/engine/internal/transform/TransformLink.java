package io.spam4j.engine.internal.transform;

import io.spam4j.engine.internal.decide.StepState;
import java.util.List;
import java.util.function.IntPredicate;

/** One gradient transform at work: its state, and what it does to each tensor at this step. */
public abstract class TransformLink {
  /** What its {@link GradientOp}s do, which decides whether the fused update can do it too. */
  enum Kind {
    /** A factor on the whole tensor. */
    SCALE,
    /** Lowers what exceeds a threshold. */
    CLIP,
    /** Limits what exceeds a threshold. */
    LIMIT,
    /** A factor on each row. */
    ROWS
  }

  /** No norm of finite gradients is larger. */
  static final double LARGEST_NORM = Float.MAX_VALUE * Math.sqrt(Long.MAX_VALUE);

  private static final double[] NOTHING = {};

  private final Kind kind;
  private final boolean measures;
  private final GradientOp[] ops; // what is decided
  private final GradientOp nothing;
  private final boolean[] spared; // tensors that this does nothing to
  private boolean sparesAny;

  /**
   * A link that does nothing yet.
   *
   * @param measures whether it needs the statistics of what it transforms
   */
  TransformLink(Kind kind, boolean measures, int tensors, boolean keepsNonFinite) {
    this.kind = kind;
    this.measures = measures;
    nothing = new GradientOp(keepsNonFinite);
    spared = new boolean[tensors];
    ops = new GradientOp[tensors];
    for (int i = 0; i < tensors; i++) {
      ops[i] = new GradientOp(keepsNonFinite);
    }
  }

  final Kind kind() {
    return kind;
  }

  public final boolean measures() {
    return measures;
  }

  /** To be decided. */
  final GradientOp op(int tensor) {
    return ops[tensor];
  }

  /** What happens to a tensor: what was decided, or nothing. */
  final GradientOp effect(int tensor) {
    return spared[tensor] ? nothing : ops[tensor];
  }

  /** Does nothing to these tensors, and looks at none of them. */
  final void spare(IntPredicate tensors) {
    for (int i = 0; i < spared.length; i++) {
      spared[i] = tensors.test(i);
      sparesAny |= spared[i];
    }
  }

  final boolean isSpared(int tensor) {
    return spared[tensor];
  }

  final boolean sparesAny() {
    return sparesAny;
  }

  /**
   * Decides what happens to the gradients of a step, and advances the history.
   *
   * @param in what comes in; measured only if some link measures
   */
  abstract void decide(StepState step, GradientStatistics in);

  /** The same factor on all tensors. */
  final void scaleAll(double scale) {
    for (GradientOp op : ops) {
      op.scale = (float) scale;
    }
  }

  /** The names in files of what it remembers of a tensor, in the order of {@link #history}. */
  List<String> historyNames() {
    return List.of();
  }

  /** Whether one of these numbers counts: then it is whole, and not negative. */
  boolean isCount(String name) {
    return false;
  }

  /**
   * A factor that is the same at every step, above 1: a coordinate can become infinite, and then is
   * one that is not finite for all that follows.
   */
  boolean enlarges() {
    return false;
  }

  /** The largest that one of these numbers can be, with finite gradients; none is negative. */
  double most(String name) {
    return LARGEST_NORM;
  }

  /** Whether all tensors have the same history. */
  boolean isCommon() {
    return false;
  }

  /** What it remembers of a tensor. */
  public double[] history(int tensor) {
    return NOTHING;
  }

  /**
   * Goes on from what {@link #history} gave.
   *
   * @param history the same, or more, which is left alone
   */
  public void setHistory(int tensor, double[] history) {}
}
