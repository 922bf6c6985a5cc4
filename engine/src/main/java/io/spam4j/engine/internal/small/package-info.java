/**
 * The fused update of many small tensors, whose cost is what happens once a tensor: loops over
 * whole tensors that have their coefficients in common, on flat arrays that tell where the tensors
 * lie and what is counted of them. They have the bits of {@code internal.kernel}, and leave to it
 * what is rare.
 */
package io.spam4j.engine.internal.small;
