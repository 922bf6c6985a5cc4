/** Tests of the report. */
@NullMarked
package io.spam4j.examples.report;

import org.jspecify.annotations.NullMarked;
