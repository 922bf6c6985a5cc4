package io.spam4j.engine.options;

/** Which weights of a parameter decay, where only some are selected. */
public enum MaskedWeightDecay {
  /** The selected ones: what the authors' code means to do. */
  SELECTED,
  /** All of them. */
  ALL,
  /** None: what the authors' code does, because it decays a copy. */
  NONE
}
