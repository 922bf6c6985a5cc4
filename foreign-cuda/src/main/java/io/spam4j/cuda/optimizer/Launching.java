package io.spam4j.cuda.optimizer;

/** How an optimizer starts the kernels of a step. */
public enum Launching {
  /** One launch after the other: 2 to about 15 a step. */
  KERNELS,
  /**
   * As a graph that was recorded at the first step: one launch. Needs another stream than CUDA's
   * default one.
   */
  GRAPH
}
