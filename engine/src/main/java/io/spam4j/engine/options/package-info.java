/**
 * The choices that builders offer, one type a choice, each of which says what it changes and what
 * the paper and its authors' code do. Values alone: what goes with what is checked, and what they
 * mean is done, elsewhere.
 */
package io.spam4j.engine.options;
