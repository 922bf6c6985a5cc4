/**
 * {@code spam4j demo}: the options, progress, table and report of the training lab. How training is
 * done, compared and continued belongs to {@code lab}; nothing here changes a number of a run.
 */
@NullMarked
package io.spam4j.examples.demo;

import org.jspecify.annotations.NullMarked;
