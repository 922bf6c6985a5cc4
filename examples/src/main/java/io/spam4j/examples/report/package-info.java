/**
 * What a run of the training lab found, as a table for the console, as {@code report.html} with
 * charts and as {@code results.json}.
 */
@NullMarked
package io.spam4j.examples.report;

import org.jspecify.annotations.NullMarked;
