/**
 * The second move: step numbers to coefficients and selections, in double arithmetic. Settings and
 * hyper-parameters live here, the timeline of resets, and which weights have moments in which
 * interval; gradients are seen only where weights are selected by them, and moments never.
 */
package io.spam4j.engine.internal.decide;
