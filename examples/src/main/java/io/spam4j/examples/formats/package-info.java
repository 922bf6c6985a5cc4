/**
 * Choices by the words that name them on the command line and in reports, such as the formats of
 * moments. Options of a single command belong to that command.
 */
@NullMarked
package io.spam4j.examples.formats;

import org.jspecify.annotations.NullMarked;
