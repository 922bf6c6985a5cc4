/**
 * Selections of a tensor's elements as compact index arrays: drawn at random, by magnitude or
 * given, encoded as gaps, read back from files. What a selection is for is not known here.
 */
package io.spam4j.tensors.mask;
