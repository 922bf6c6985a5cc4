/** The example of the README, as a program. */
@NullMarked
package io.spam4j.examples.quickstart;

import org.jspecify.annotations.NullMarked;
