/**
 * The door to the incubating vector module, for this module and the engine: loops over elements as
 * a scalar specification and vectors of the same bits. {@link
 * io.spam4j.tensors.internal.simd.VectorMode} decides once whether vectors are used, {@link
 * io.spam4j.tensors.internal.simd.VectorWidth} is the only place a width is chosen, and no class
 * that names a vector type is loaded unless the mode allows it.
 */
package io.spam4j.tensors.internal.simd;
