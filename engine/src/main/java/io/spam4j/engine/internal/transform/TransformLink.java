package io.spam4j.engine.internal.transform;

import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.GradientOp;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

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

  public final boolean measures() {
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
  abstract void decide(StepState step, GradientStatistics in);

  /**
   * Writes what a device needs to decide this step's transforms, for links that measure: a row of
   * {@link DeviceTables#TRANSFORM} but for the place.
   */
  public void put(MemorySegment row, long t) {
    throw new UnsupportedOperationException("decided beforehand: kind=" + kind);
  }

  /** Adds the state of a tensor, by its names in files. */
  void addScalars(int tensor, Map<String, Double> scalars) {}

  /** Whether a number of {@link #addScalars} counts: then it is whole, and not negative. */
  boolean isCount(String scalar) {
    return false;
  }

  /** Whether the state is one, which {@link #addScalars} adds to that of every tensor. */
  boolean isCommon() {
    return false;
  }

  /**
   * Sets the state of a tensor.
   *
   * @param scalars all that {@link #addScalars} adds
   */
  void restore(int tensor, Map<String, Double> scalars) {}

  /** The state of a tensor, as numbers in the order of {@link #addScalars}. */
  public final double[] history(int tensor) {
    SequencedMap<String, Double> scalars = new LinkedHashMap<>();
    addScalars(tensor, scalars);
    return scalars.values().stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** Sets the state of a tensor to what {@link #history} gave, or more. */
  public final void setHistory(int tensor, double[] history) {
    SequencedMap<String, Double> scalars = new LinkedHashMap<>();
    addScalars(tensor, scalars);
    int next = 0;
    for (Map.Entry<String, Double> scalar : scalars.entrySet()) {
      scalar.setValue(history[next++]);
    }
    restore(tensor, scalars);
  }

  /** A number that is there. */
  static double get(Map<String, Double> scalars, String name) {
    return Objects.requireNonNull(scalars.get(name));
  }
}
