/**
 * The loops of the fused update. {@link io.spam4j.engine.internal.kernel.UpdateScalar} is the
 * specification; vectors give the same bits, in a copy (hidden class) for each format and setting
 * that {@link io.spam4j.engine.internal.kernel.UpdateLoops} makes, and leave to it what is unusual.
 * They know coefficients and operands; what is a parameter, a step or a file is unknown here, and
 * loops of one optimizer alone are beside that optimizer.
 */
package io.spam4j.engine.internal.kernel;
