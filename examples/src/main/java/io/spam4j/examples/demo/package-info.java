/**
 * {@code spam4j demo}: the options, progress, table and report of the training. How it is done,
 * compared and continued belongs to {@code training}; nothing here changes a number of a run.
 */
@NullMarked
package io.spam4j.examples.demo;

import org.jspecify.annotations.NullMarked;
