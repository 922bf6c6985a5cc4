package io.spam4j.engine.device;

/**
 * A gradient transform that depends on the gradients of the step, so that a device decides it.
 *
 * @param scope what it looks at
 * @param place what of {@link DeviceTables#COEFFICIENTS_ROW} it decides: {@link
 *     DeviceTables#GRADIENT_SCALE}, {@link DeviceTables#CLIP} or {@link DeviceTables#NORM_SCALE}
 * @param isFollowed whether another one follows, for which statistics have to be brought to what
 *     this one leaves
 */
public record PlannedTransform(Scope scope, int place, boolean isFollowed) {
  /** What a transform looks at. */
  public enum Scope {
    /** Each tensor by itself: AdaClip, AdaGN. */
    TENSOR,
    /** All gradients together: global norm, ZClip. */
    ALL
  }
}
