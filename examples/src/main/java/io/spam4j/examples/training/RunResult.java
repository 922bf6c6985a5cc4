package io.spam4j.examples.training;

import java.util.List;

/**
 * What one optimizer did to one copy of the model.
 *
 * @param optimizer its name among {@link TrainingOptimizer}s
 * @param settings its hyper-parameters, for display
 * @param spiked whether spikes were injected
 * @param finished false if the run was stopped
 * @param samples the steps done
 * @param validationPerplexity exp of the mean loss over all validation bytes; NaN if not evaluated
 * @param spikesClipped coordinates that the optimizer clipped as spikes or that AdaClip lowered, in
 *     all steps
 * @param stateBytes bytes of the optimizer's state: moments and selections
 * @param optimizerMillis mean time of an optimizer step
 * @param modelMillis mean time of a forward and backward pass
 */
public record RunResult(
    String optimizer,
    String settings,
    boolean spiked,
    boolean finished,
    List<StepSample> samples,
    double validationPerplexity,
    long spikesClipped,
    long stateBytes,
    double optimizerMillis,
    double modelMillis) {
  /** Takes a copy of the samples. */
  public RunResult {
    samples = List.copyOf(samples);
  }
}
