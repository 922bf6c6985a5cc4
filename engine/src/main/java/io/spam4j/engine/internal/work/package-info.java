/**
 * Who takes which piece: the work of all tensors as one flat list, a job that threads take
 * stretches of, and the pool of the process. What is done with a piece is the caller's; nothing
 * here knows a gradient.
 */
package io.spam4j.engine.internal.work;
