/** Tests of the command line. */
@NullMarked
package io.spam4j.examples.cli;

import org.jspecify.annotations.NullMarked;
