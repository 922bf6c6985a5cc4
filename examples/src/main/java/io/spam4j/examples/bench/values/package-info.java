/**
 * What arms are timed on: the tensors of a size, weights and gradients in them, on the heap or in
 * fewer bits, and the bytes that an update must move.
 */
@NullMarked
package io.spam4j.examples.bench.values;

import org.jspecify.annotations.NullMarked;
