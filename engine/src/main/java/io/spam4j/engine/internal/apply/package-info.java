/**
 * The third move: the fused update on memory as it lies, dense or selected, in its own format or
 * through copies that stay in cache. It finds the operands and calls a kernel; arithmetic on a
 * weight is none of its business.
 */
package io.spam4j.engine.internal.apply;
