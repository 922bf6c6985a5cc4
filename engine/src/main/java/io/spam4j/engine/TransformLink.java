package io.spam4j.engine;

import io.spam4j.engine.kernel.GradientOp;
import java.util.Map;
import java.util.Objects;

/** One gradient transform at work: its state, and what it does to each tensor at this step. */
abstract class TransformLink {
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

  private final Kind kind;
  private final boolean measures;
  private final GradientOp[] ops;

  /**
   * A link that does nothing yet.
   *
   * @param measures whether it needs the statistics of what it transforms
   */
  TransformLink(Kind kind, boolean measures, int tensors, boolean keepsNonFinite) {
    this.kind = kind;
    this.measures = measures;
    ops = new GradientOp[tensors];
    for (int i = 0; i < tensors; i++) {
      ops[i] = new GradientOp(keepsNonFinite);
    }
  }

  final Kind kind() {
    return kind;
  }

  final boolean measures() {
    return measures;
  }

  final GradientOp op(int tensor) {
    return ops[tensor];
  }

  /**
   * Decides what happens to the gradients of a step, and advances the history.
   *
   * @param in what comes in; measured only if some link measures
   */
  abstract void decide(Step step, TransformChain.Incoming in);

  /** Adds the state of a tensor, by its names in files. */
  void addScalars(int tensor, Map<String, Double> scalars) {}

  /**
   * Sets the state of a tensor.
   *
   * @param scalars all that {@link #addScalars} adds
   */
  void restore(int tensor, Map<String, Double> scalars) {}

  /** A number that is there. */
  static double get(Map<String, Double> scalars, String name) {
    return Objects.requireNonNull(scalars.get(name));
  }
}
