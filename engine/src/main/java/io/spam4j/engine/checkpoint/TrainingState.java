package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.Tensor;
import java.util.SequencedMap;

/**
 * All that a run depends on from here on, apart from gradients: what a checkpoint holds, and what
 * an optimizer has to save.
 *
 * @param optimizer the name of the algorithm
 * @param steps done
 * @param nonFiniteSteps consecutive steps, up to the last, with gradients that were not finite
 * @param settings what holds for all parameters, as text
 * @param parameters by name
 * @param weights by parameter; empty if they are not saved
 */
public record TrainingState(
    String optimizer,
    long steps,
    long nonFiniteSteps,
    SequencedMap<String, String> settings,
    SequencedMap<String, ParameterState> parameters,
    SequencedMap<String, Tensor> weights) {}
