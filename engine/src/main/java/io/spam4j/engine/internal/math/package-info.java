/**
 * Scalars that have the same bits on every machine, GPUs included, and the ranges that settings
 * must lie in. No memory, no types of the engine.
 */
package io.spam4j.engine.internal.math;
