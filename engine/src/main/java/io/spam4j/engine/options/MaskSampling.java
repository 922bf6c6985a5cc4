package io.spam4j.engine.options;

/** How many weights a random selection has. */
public enum MaskSampling {
  /** Always floor(density * n). */
  EXACT,
  /** Each weight by a coin of its own, as in Algorithm 1: another number at each reset. */
  BERNOULLI,
  /** First exact, then by coins, as in the authors' code. */
  EXACT_THEN_BERNOULLI
}
