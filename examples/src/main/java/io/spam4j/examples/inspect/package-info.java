/**
 * Looks into safetensors files: {@code spam4j inspect} tells what a checkpoint holds and whether it
 * is whole.
 */
@NullMarked
package io.spam4j.examples.inspect;

import org.jspecify.annotations.NullMarked;
