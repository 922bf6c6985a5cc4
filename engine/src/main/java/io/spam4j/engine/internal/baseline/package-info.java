/**
 * The updates of optimizers that are not the fused one, each with a rule that decides its numbers,
 * a scalar form, which is the specification, and a vector form of the same bits: Lion, SGD and
 * Adam-mini; what they share with Adafactor, too.
 */
package io.spam4j.engine.internal.baseline;
