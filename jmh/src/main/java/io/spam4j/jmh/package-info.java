/** Benchmarks. Every one is run once by a test that checks its result. */
@NullMarked
package io.spam4j.jmh;

import org.jspecify.annotations.NullMarked;
