/**
 * Packs the selected of consecutive elements by the bits of a selection and spreads them again,
 * whole vectors at a time.
 */
@NullMarked
package io.spam4j.engine.internal.pack;

import org.jspecify.annotations.NullMarked;
