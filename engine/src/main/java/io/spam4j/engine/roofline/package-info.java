/**
 * How fast memory lets an update be: streams that are read and written with nothing computed, and a
 * step timed in turn with them. What is slower than that is for benchmarks to find, which do not
 * belong here.
 */
package io.spam4j.engine.roofline;
