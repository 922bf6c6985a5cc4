/**
 * {@code spam4j memory}: what each optimizer would hold for one of the papers' models, beside the
 * papers' own account in BF16. The engine plans the memory; the models are in {@code models}.
 */
@NullMarked
package io.spam4j.examples.memory;

import org.jspecify.annotations.NullMarked;
