/**
 * The models that the lab brings: a small LLaMA on the bytes of a text. Its digits are to be the
 * same on any machine, so libtorch is told which instructions to use before it is loaded.
 */
@NullMarked
package io.spam4j.examples.lab.tasks;

import org.jspecify.annotations.NullMarked;
