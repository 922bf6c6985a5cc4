package io.spam4j.engine.internal.step;

import io.spam4j.tensors.DType;
import java.util.Map;

/**
 * What working memory depends on.
 *
 * @param shapes of the weights, by the names of the parameters
 * @param weights their type
 * @param transforms whether gradients are transformed at all
 * @param fused whether the fused update can do all transforms
 * @param anySparse whether some parameter has a density below 1
 */
public record MemoryOutline(
    Map<String, long[]> shapes,
    DType weights,
    boolean transforms,
    boolean fused,
    boolean anySparse,
    int threads) {}
