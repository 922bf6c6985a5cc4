package io.spam4j.examples.lab;

public record StepSample(
    int step, double loss, double largestRatio, long spikes, boolean injected, boolean reset) {}
