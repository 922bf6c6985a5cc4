package io.spam4j.examples.lab;

import java.util.List;

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
    double modelMillis) {}
