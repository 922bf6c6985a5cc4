/**
 * A small LLaMA on libtorch tensors and the bytes of text that it learns. Nothing here knows an
 * optimizer: whoever takes its gradients, such as {@code training}, decides what becomes of the
 * weights.
 */
@NullMarked
package io.spam4j.examples.llama;

import org.jspecify.annotations.NullMarked;
