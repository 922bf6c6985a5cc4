/**
 * English to train on, for claims that are to hold for more than the JDK's sources: fetched by the
 * clients of the packages that it comes in, checked, and kept outside the repository as one file a
 * document. {@link io.spam4j.examples.lab.text.EnglishText} says what it is.
 */
@NullMarked
package io.spam4j.examples.lab.text;

import org.jspecify.annotations.NullMarked;
