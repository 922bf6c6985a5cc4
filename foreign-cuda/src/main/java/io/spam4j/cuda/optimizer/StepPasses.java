package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaStream;

/** What a step queues between its decisions and its results. */
interface StepPasses {
  /** Queues the pass over the gradients that finds their statistics, if they are needed. */
  void measure(CudaStream stream);

  /** Queues decisions that depend on statistics, the update, and its counts. */
  void update(CudaStream stream);
}
