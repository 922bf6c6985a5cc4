package io.spam4j.engine.options;

/** What spike clipping does with a coordinate whose second moment is 0. */
public enum ZeroSecondMoment {
  /** It is no spike: nothing is known about it yet. */
  EXEMPT,
  /**
   * Any gradient exceeds theta * 0 and is clipped to 0, as in Algorithm 1 and the authors' code: a
   * coordinate that had only zero gradients when clipping starts stays still until the next reset.
   */
  CLIP_TO_ZERO
}
