/**
 * The door to the incubating vector module, for this module and the engine: {@link
 * io.spam4j.tensors.simd.VectorMode} decides once whether vectors are used, {@link
 * io.spam4j.tensors.simd.VectorWidth} is the only place a width is chosen. No class that names a
 * vector type is loaded unless the mode allows it.
 */
package io.spam4j.tensors.simd;
