/**
 * The examples of the README, as programs that a reader may copy: they use the libraries alone and
 * nothing else of this module.
 */
@NullMarked
package io.spam4j.examples.quickstart;

import org.jspecify.annotations.NullMarked;
