package io.spam4j.examples.training;

import java.util.List;

/**
 * How far a run has come, besides weights and optimizer. Batches and spikes are functions of the
 * seed and the step, so the number of samples is the position in both.
 *
 * @param samples the steps done
 * @param optimizerNanos spent in their optimizer steps
 * @param modelNanos spent in their forward and backward passes
 */
record RunProgress(List<StepSample> samples, long optimizerNanos, long modelNanos) {
  /** Where every run starts. */
  static final RunProgress START = new RunProgress(List.of(), 0, 0);

  /** Takes a copy of the samples. */
  RunProgress {
    samples = List.copyOf(samples);
  }
}
