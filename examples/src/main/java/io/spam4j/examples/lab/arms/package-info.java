/**
 * What the settings of a run say about how weights are updated: an optimizer of the engine with its
 * knobs, its learning rate over the steps and the ratio of the rates. Every setting that it does
 * not know is refused, so that nothing a declaration says is passed over.
 */
@NullMarked
package io.spam4j.examples.lab.arms;

import org.jspecify.annotations.NullMarked;
