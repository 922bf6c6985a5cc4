/** The training lab. */
@NullMarked
package io.spam4j.examples.lab;

import org.jspecify.annotations.NullMarked;
