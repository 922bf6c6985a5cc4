/** Formats of numbers, and other choices, by the words that name them on the command line. */
@NullMarked
package io.spam4j.examples.formats;

import org.jspecify.annotations.NullMarked;
