/**
 * {@code spam4j lab}: what the papers claim, tested by runs that anybody can repeat. {@link
 * io.spam4j.examples.lab.Lab} is the lab for programs, with a model of your own if you like; the
 * commands are its face.
 *
 * <pre>
 * lab -> tasks -> runs -> arms -> protocol
 * lab -> text
 * </pre>
 *
 * <p>{@code protocol} knows numbers alone, {@code arms} the engine, {@code runs} models and files,
 * {@code tasks} libtorch, {@code text} how English is fetched.
 */
@NullMarked
package io.spam4j.examples.lab;

import org.jspecify.annotations.NullMarked;
