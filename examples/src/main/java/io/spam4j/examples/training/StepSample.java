package io.spam4j.examples.training;

/**
 * One training step.
 *
 * @param step counted from 0
 * @param loss mean cross-entropy of the batch in nats a byte, before the step
 * @param largestRatio the largest g^2 / v that the optimizer saw
 * @param spikes coordinates that the optimizer clipped as spikes
 * @param injected whether spikes were injected into this step's gradients
 * @param reset whether the optimizer reset its moments
 */
public record StepSample(
    int step, double loss, double largestRatio, long spikes, boolean injected, boolean reset) {}
