/**
 * Memory with a type and a shape, and what can be done to it without knowing what it means: {@link
 * io.spam4j.tensors.Tensor} views a segment as typed elements, {@link io.spam4j.tensors.IndexMask}
 * says which of them are selected. Nothing here depends on any other module of the project.
 */
package io.spam4j.tensors;
