/**
 * Safetensors files: mapped and checked when read, written as a whole or not at all. Headers are
 * parsed by hand, because a file may be hostile and its bytes are its specification; what the
 * tensors mean is not known here.
 */
package io.spam4j.tensors.safetensors;
