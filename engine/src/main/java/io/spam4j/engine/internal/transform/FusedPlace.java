package io.spam4j.engine.internal.transform;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import org.jspecify.annotations.Nullable;

/** What a transform becomes where the fused update does it, in the order in which that does. */
public enum FusedPlace {
  /** {@link UpdateCoefficients#gradientScale}. */
  GRADIENT_SCALE(DeviceTables.GRADIENT_SCALE, TransformLink.Kind.SCALE) {
    @Override
    void put(GradientOp op, UpdateCoefficients c) {
      c.gradientScale = op.scale;
    }
  },
  /** {@link UpdateCoefficients#clipAbove} and what belongs to it. */
  CLIP(DeviceTables.CLIP, TransformLink.Kind.CLIP) {
    @Override
    void put(GradientOp op, UpdateCoefficients c) {
      c.clipAbove = op.clipAbove;
      c.clipDivisor = op.divisor;
      c.clipTo = op.to;
    }
  },
  /** {@link UpdateCoefficients#normScale}. */
  NORM_SCALE(DeviceTables.NORM_SCALE, TransformLink.Kind.SCALE) {
    @Override
    void put(GradientOp op, UpdateCoefficients c) {
      c.normScale = op.scale;
    }
  },
  /** {@link UpdateCoefficients#gradientLimit}, which only gets tighter. */
  LIMIT(3, TransformLink.Kind.LIMIT) {
    @Override
    void put(GradientOp op, UpdateCoefficients c) {
      c.gradientLimit = Math.min(c.gradientLimit, op.limit);
    }
  };

  private static final FusedPlace[] IN_ORDER = values();

  private final int number;
  private final TransformLink.Kind kind;

  FusedPlace(int number, TransformLink.Kind kind) {
    this.number = number;
    this.kind = kind;
  }

  /** What a device is told, see {@link PlannedTransform#place}. */
  public int number() {
    return number;
  }

  /** Hands what a transform decided over to the fused update. */
  abstract void put(GradientOp op, UpdateCoefficients c);

  /** Of transforms in all places: none changes anything. */
  static void clear(UpdateCoefficients c) {
    c.gradientScale = 1;
    c.clipAbove = Float.POSITIVE_INFINITY;
    c.normScale = 1;
  }

  /** The first place for a kind of transform behind another one; null if there is none. */
  static @Nullable FusedPlace next(TransformLink.Kind kind, @Nullable FusedPlace previous) {
    for (FusedPlace place : IN_ORDER) {
      boolean isBehind = previous == null || place.compareTo(previous) > 0;
      if (isBehind && place.kind == kind) {
        return place;
      }
    }
    return null;
  }
}
