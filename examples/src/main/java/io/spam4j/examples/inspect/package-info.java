/**
 * {@code spam4j inspect}: tells what a checkpoint or another safetensors file holds, and whether it
 * is whole. It reads and never changes a file, and knows files only: no optimizer is built.
 */
@NullMarked
package io.spam4j.examples.inspect;

import org.jspecify.annotations.NullMarked;
