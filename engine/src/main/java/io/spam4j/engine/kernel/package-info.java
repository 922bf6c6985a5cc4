/**
 * The one fused pass that every moment-based optimizer shares, twice: {@link
 * io.spam4j.engine.kernel.UpdateScalar} is the specification, {@link
 * io.spam4j.engine.kernel.UpdateVector} gives the same bits by vectors. Both know nothing but
 * {@link io.spam4j.engine.kernel.UpdateCoefficients}; which path runs is decided once, in {@link
 * io.spam4j.engine.kernel.Update}. Not exported.
 */
package io.spam4j.engine.kernel;
