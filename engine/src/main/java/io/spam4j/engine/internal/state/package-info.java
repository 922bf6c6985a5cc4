/**
 * What is kept between steps, and in which format: names and shapes of state tensors, the memory
 * they lie in, and how moments and weights of fewer bits become float32 and come back. When they
 * change is not known here.
 */
package io.spam4j.engine.internal.state;
