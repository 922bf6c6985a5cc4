/**
 * The first move of a step: one reduction over the gradients, sums in fixed order, whoever computed
 * their parts. What is made of the statistics is decided elsewhere.
 */
package io.spam4j.engine.internal.measure;
