/**
 * How results are written, whatever they are of: numbers for people, tables of text, JSON, and
 * pages that are one file, with their curves, style and script. What a certain result says, and the
 * template of its page, belong to the package that found it.
 */
@NullMarked
package io.spam4j.examples.output;

import org.jspecify.annotations.NullMarked;
